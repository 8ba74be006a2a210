/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/ifname.h"
#include "lib/base/name.h"
#include "tests/test.h"

/* The vectors below were taken from systemd-nspawn 252 on a host of this id. */
#define HOST "0123456789abcdef0123456789abcdef"

static void check_mac(MacKind kind, const char *machine, uint64_t number, const char *wanted) {
        char s[MAC_STRING_SIZE];
        Id128 host;

        CHECK_OK(id128_parse(HOST, &host));
        CHECK_STREQ(mac_format(mac_derive(kind, host, machine, number), s), wanted);
}

TEST(a_veth_pair_has_the_addresses_that_nspawn_gives_it) {
        check_mac(MAC_VETH_GUEST, "foo", 0, "b2:6d:7c:0e:dc:94");
        check_mac(MAC_VETH_GUEST, "foo-bar", 0, "ea:3b:a0:9d:c9:af");
        check_mac(MAC_VETH_GUEST, "a-very-long-container-name", 0, "aa:02:e6:c5:8c:97");

        check_mac(MAC_VETH_HOST, "foo", 0, "8a:68:08:2a:1a:13");
        check_mac(MAC_VETH_HOST, "foo-bar", 0, "c6:16:32:86:27:0b");
        check_mac(MAC_VETH_HOST, "a-very-long-container-name", 0, "ce:77:4f:72:f9:3c");
}

TEST(further_interfaces_have_the_addresses_that_nspawn_gives_them) {
        check_mac(MAC_EXTRA_GUEST, "foo", 1, "32:0f:9c:2f:73:c6");
        check_mac(MAC_EXTRA_GUEST, "foo-bar", 1, "8a:0f:ff:84:5a:85");
        check_mac(MAC_EXTRA_GUEST, "a-very-long-container-name", 1, "12:b2:3a:ed:2a:5d");

        check_mac(MAC_EXTRA_HOST, "foo", 1, "7e:93:1c:b3:2b:25");
        check_mac(MAC_EXTRA_HOST, "foo-bar", 1, "92:df:c9:24:10:5f");
        check_mac(MAC_EXTRA_HOST, "a-very-long-container-name", 1, "96:45:13:e5:b3:b4");

        check_mac(MAC_MACVLAN, "foo", 0, "ce:4f:81:5c:e1:91");
        check_mac(MAC_MACVLAN, "foo-bar", 0, "f6:5a:ed:ea:ec:08");
        check_mac(MAC_MACVLAN, "a-very-long-container-name", 0, "82:38:d6:a2:79:1f");

        check_mac(MAC_MACVLAN, "foo", 1, "0a:f9:19:82:7f:f0");
        check_mac(MAC_MACVLAN, "foo-bar", 1, "e6:f1:24:50:f6:c7");
        check_mac(MAC_MACVLAN, "a-very-long-container-name", 1, "96:30:90:ff:11:5e");
}

static void check_ifname(const char *prefix, const char *machine, int shortened, const char *wanted) {
        char name[IFNAME_SIZE];

        CHECK(ifname_derive(prefix, machine, name) == shortened);
        CHECK_STREQ(name, wanted);
        CHECK(ifname_is_valid(name));
}

TEST(interface_names_are_shortened_as_nspawn_does) {
        check_ifname("ve-", "foo", 0, "ve-foo");
        check_ifname("vb-", "foo", 0, "vb-foo");
        check_ifname("ve-", "a-very-long-container-name", 1, "ve-a-very-lA4-6");
        check_ifname("vb-", "a-very-long-container-name", 1, "vb-a-very-l7cg-");

        /* 15 bytes are the last that are used as they are. */
        check_ifname("ve-", "twelve-bytes", 0, "ve-twelve-bytes");
        {
                char name[IFNAME_SIZE];

                CHECK(ifname_derive("ve-", "twelve-bytes2", name) == 1);
                CHECK(startswith(name, "ve-twelve-b"));
                CHECK(strlen(name) == 15);
        }
}

TEST(every_machine_name_gives_valid_interface_names) {
        char machine[MACHINE_NAME_MAX + 1] = {}, name[IFNAME_SIZE];

        for (size_t i = 0; i < MACHINE_NAME_MAX; i++) {
                machine[i] = i % 7 == 3 ? '.' : 'a' + (char) (i % 26);
                if (!machine_name_is_valid(machine))
                        continue;

                CHECK(ifname_derive("ve-", machine, name) == (i > 11));
                CHECK(ifname_is_valid(name));
        }
}

/* Nobody asks for these; whoever does all the same gets no overflow. */
TEST(hostile_names_stay_within_their_bounds) {
        char name[IFNAME_SIZE], s[MAC_STRING_SIZE];
        _cleanup_free_ char *huge = NULL;

        huge = malloc(100000);
        CHECK(huge);
        memset(huge, 'x', 99999);
        huge[99999] = '\0';

        CHECK(ifname_derive("ve-", huge, name) == 1);
        CHECK(strlen(name) == 15);
        CHECK(ifname_derive(huge, huge, name) == 1);
        CHECK(strlen(name) == 15);
        CHECK(strlen(mac_format(mac_derive(MAC_VETH_HOST, (Id128) {}, huge, UINT64_MAX), s)) == 17);
        CHECK(ifname_derive("", "", name) == 0);
        CHECK(!ifname_is_valid(name));
}

TEST(interface_names_are_checked) {
        static const char *const good[] = { "lo", "eth0", "ve-a.b", "23456789012345x", "a@b", "0x", "-" };
        static const char *const bad[] = { "", ".", "..", "all", "default", "a/b", "a:b", "a b", "a%d", "\t",
                "ä", "1234567890123456", "0", "123", "a\n" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                CHECK(ifname_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!ifname_is_valid(bad[i]));
        CHECK(!ifname_is_valid(NULL));
}

TEST(every_address_is_unicast_and_locally_administered) {
        char machine[16];

        for (unsigned i = 0; i < 1000; i++) {
                Mac mac;

                snprintf(machine, sizeof(machine), "m%u", i);
                mac = mac_derive(i % _MAC_KIND_MAX, (Id128) {}, machine, i);
                CHECK((mac.bytes[0] & 3) == 2);
        }
}

TEST_MAIN()
