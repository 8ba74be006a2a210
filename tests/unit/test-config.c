/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "lib/base/file.h"
#include "lib/spec/config.h"
#include "tests/test.h"

static void check_wrong(const char *text, unsigned line, const char *reason) {
        ConfigError e = {};
        Config c = {};

        CHECK_ERR(config_parse(text, &c, &e), EINVAL);
        CHECK_STREQ(e.reason, reason);
        CHECK(e.line == line);
        CHECK_ERR(config_parse(text, &c, NULL), EINVAL);
        CHECK(!c.wire);
}

static void check_pool(const ConfigPools *p, size_t i, const char *wanted) {
        char s[INET_STRING_SIZE];

        CHECK(i < p->n);
        CHECK_STREQ(inet_range_format(&p->pools[i], s), wanted);
}

TEST(nothing_said_is_the_default) {
        static const char *const texts[] = {
                "", "\n", "# [Network]\n", "[Network]\n", "[Network]\n[Journal]"
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                Config c = {};

                CHECK_OK(config_parse(texts[i], &c, NULL));
                CHECK(c.wire && c.masquerade && c.journal_link && c.six_from_host);
                CHECK(c.four.n == 2 && c.six.n == 0);
                check_pool(&c.four, 0, "10.180.0.0/14");
                check_pool(&c.four, 1, "172.24.0.0/14");
        }
}

TEST(every_key_is_read) {
        Config c = {};

        CHECK_OK(config_parse("# mine\n"
                              "[Network]\n"
                              "Wire=no\n"
                              "Pool4=192.168.128.0/17   10.1.2.0/28\n"
                              "Pool6 = fd12:3456:789a::/48\n"
                              "Masquerade=off\n"
                              "\n"
                              "[Journal]\n"
                              "Link=0\n", &c, NULL));
        CHECK(!c.wire && !c.masquerade && !c.journal_link && !c.six_from_host);
        CHECK(c.four.n == 2 && c.six.n == 1);
        check_pool(&c.four, 0, "192.168.128.0/17");
        check_pool(&c.four, 1, "10.1.2.0/28");
        check_pool(&c.six, 0, "fd12:3456:789a::/48");
}

TEST(a_family_can_be_left_out) {
        Config c = {};

        CHECK_OK(config_parse("[Network]\nPool4=none\nPool6=none\n", &c, NULL));
        CHECK(c.four.n == 0 && c.six.n == 0 && !c.six_from_host);
}

TEST(what_is_wrong_is_said_with_its_line) {
        check_wrong("[Network]\nWire=maybe\n", 2, "neither yes nor no");
        check_wrong("[Network]\n\nWire=\n", 3, "no value");
        check_wrong("Wire=yes\n", 1, "unknown section");
        check_wrong("[Net]\nWire=yes\n", 2, "unknown section");
        check_wrong("[Network]\nwire=yes\n", 2, "unknown key");
        check_wrong("[Journal]\nWire=yes\n", 2, "unknown key");
        check_wrong("[Network]\nWire=yes\nWire=yes\n", 3, "given twice");
        check_wrong("[Network]\nWire=no\n  yes\n", 3, "given twice");
        check_wrong("[Network]\nWire\n", 2, "neither [Section] nor Key=value");
        check_wrong("[Network\nWire=yes\n", 1, "neither [Section] nor Key=value");
        check_wrong("rubbish\n[Network]\nWire=maybe\n", 1, "neither [Section] nor Key=value");
        check_wrong("[Network]\nWire=maybe\nrubbish\n", 2, "neither yes nor no");
}

TEST(pools_are_checked) {
        check_wrong("[Network]\nPool4=10.0.0.0\n", 2,
                    "not a network such as 10.180.0.0/14 or fd12:3456:789a::/48");
        check_wrong("[Network]\nPool4=10.0.0.1/24\n", 2,
                    "not a network such as 10.180.0.0/14 or fd12:3456:789a::/48");
        check_wrong("[Network]\nPool4=10.0.0.0/16 none\n", 2,
                    "not a network such as 10.180.0.0/14 or fd12:3456:789a::/48");
        check_wrong("[Network]\nPool4=fd00::/48\n", 2, "a network of the other family");
        check_wrong("[Network]\nPool6=10.0.0.0/16\n", 2, "a network of the other family");
        check_wrong("[Network]\nPool4=0.0.0.0/0\n", 2, "too large for a pool");
        check_wrong("[Network]\nPool4=10.0.0.0/29\n", 2, "too small for a pool");
        check_wrong("[Network]\nPool6=fd00::/8\n", 2, "too large for a pool");
        check_wrong("[Network]\nPool6=fd00::/65\n", 2, "too small for a pool");
        check_wrong("[Network]\nPool4=127.0.0.0/16\n", 2, "not a network that machines can have");
        check_wrong("[Network]\nPool4=224.0.0.0/8\n", 2, "not a network that machines can have");
        check_wrong("[Network]\nPool6=fe80::/64\n", 2, "not a network that machines can have");
        check_wrong("[Network]\nPool4=10.0.0.0/28 10.0.0.0/28 10.0.0.0/28 10.0.0.0/28 10.0.0.0/28 "
                    "10.0.0.0/28 10.0.0.0/28 10.0.0.0/28 10.0.0.0/28\n", 2, "too many pools");
}

TEST(lines_are_never_cut) {
        _cleanup_free_ char *text = NULL;

        text = malloc(20000);
        CHECK(text);
        strcpy(text, "[Network]\nPool4=10.0.0.0/28");
        memset(text + strlen(text), ' ', 5000);
        strcpy(text + 5027, "\nWire=no\n");
        check_wrong(text, 2, "line too long");
}

/* Whatever is in it: read or refused, with a line that is in the file. */
TEST(any_bytes_are_survived) {
        static const char seed[] = "[Network]\nWire=no\n;x\nPool4=10.0.0.0/16\n[Journal]\nLink=yes\n";
        uint32_t dice = 1;
        char text[sizeof(seed)];

        for (unsigned i = 0; i < 20000; i++) {
                ConfigError e = {};
                Config c = {};

                memcpy(text, seed, sizeof(seed));
                for (unsigned k = 0; k < 1 + i % 4; k++) {
                        dice = dice * 1664525 + 1013904223;
                        text[(dice >> 8) % (sizeof(seed) - 1)] = (char) (dice >> 24);
                }

                if (config_parse(text, &c, &e) < 0)
                        CHECK(e.reason && e.line >= 1 && e.line <= sizeof(seed));
                else
                        CHECK(c.four.n <= CONFIG_POOLS_MAX && !e.reason);
        }
}

TEST(a_file_that_is_missing_is_the_default) {
        ConfigError e = {};
        Config c = {};

        CHECK_OK(config_load("/nonexistent/berthd.conf", &c, &e));
        CHECK(c.wire);
        CHECK(config_load("/proc/self", &c, &e) < 0);
        CHECK_STREQ(e.reason, "cannot be read");
        CHECK(e.line == 0);
}

TEST_MAIN()
