/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/inet.h"
#include "tests/test.h"

static InetRange range(const char *s) {
        InetRange r = {};

        CHECK_OK(inet_range_parse(s, &r));
        return r;
}

static void check_range(const InetRange *r, const char *wanted) {
        char s[INET_STRING_SIZE];

        CHECK_STREQ(inet_range_format(r, s), wanted);
}

TEST(networks_are_read_and_written) {
        static const char *const good[] = {
                "10.0.0.0/8", "0.0.0.0/0", "10.1.2.16/28", "1.2.3.4/32", "fd00::/8", "::/0",
                "fd12:3456:789a::/48", "::1/128", "fd00::8000:0:0:0/65",
        };
        static const char *const bad[] = {
                "", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/28", "fd00::/129", "10.0.0/8",
                "10.0.0.0/ 8", "10.0.0.0/-1", "10.0.0.0/8 ", " 10.0.0.0/8", "fd00::1/64", "fe80::%lo/64",
                "10.0.0.0/8/8", "a/8", "::ffff:10.0.0.0/8", "10.0.0.0/000000000000000000000000000008x",
                "1111111111111111111111111111111111111111111111111111111111111111/1",
        };
        InetRange r;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                r = range(good[i]);
                check_range(&r, good[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_ERR(inet_range_parse(bad[i], &r), EINVAL);
}

TEST(addresses_are_read_with_their_length) {
        InetRange r;

        CHECK_OK(inet_address_parse("10.1.2.17/28", &r));
        check_range(&r, "10.1.2.17/28");
        CHECK_OK(inet_address_parse("fd00::1/64", &r));
        check_range(&r, "fd00::1/64");
        CHECK_ERR(inet_address_parse("10.1.2.17", &r), EINVAL);
        CHECK_ERR(inet_address_parse("10.1.2.17/33", &r), EINVAL);
}

static bool overlap(const char *s, const char *t) {
        InetRange a = range(s), b = range(t);

        CHECK(inet_range_overlaps(&a, &b) == inet_range_overlaps(&b, &a));
        return inet_range_overlaps(&a, &b);
}

TEST(ranges_overlap_if_one_is_in_the_other) {
        CHECK(overlap("10.0.0.0/8", "10.255.0.0/28"));
        CHECK(overlap("10.0.0.16/28", "10.0.0.16/28"));
        CHECK(overlap("10.0.0.16/28", "10.0.0.31/32"));
        CHECK(!overlap("10.0.0.16/28", "10.0.0.32/28"));
        CHECK(!overlap("10.0.0.16/28", "10.0.0.15/32"));
        CHECK(!overlap("10.0.0.0/15", "10.2.0.0/15"));
        CHECK(overlap("0.0.0.0/0", "10.0.0.0/8"));
        CHECK(!overlap("0.0.0.0/0", "::/0"));
        CHECK(overlap("fd00::/8", "fd00:0:0:1::/64"));
        CHECK(!overlap("fd00:0:0:1::/64", "fd00:0:0:2::/64"));
}

TEST(a_pool_is_cut_into_networks) {
        InetRange pool = range("10.180.0.0/14"), six = range("fd00:1:2::/48"), r;

        CHECK(inet_range_count(&pool, 28) == 16384);
        CHECK(inet_range_count(&pool, 14) == 1);
        CHECK(inet_range_count(&pool, 13) == 0);
        CHECK(inet_range_count(&six, 64) == 65536);
        CHECK(inet_range_count(&six, 128) == INET_COUNT_MAX);

        r = inet_range_nth(&pool, 28, 0);
        check_range(&r, "10.180.0.0/28");
        r = inet_range_nth(&pool, 28, 17);
        check_range(&r, "10.180.1.16/28");
        r = inet_range_nth(&pool, 28, 16383);
        check_range(&r, "10.183.255.240/28");
        r = inet_range_nth(&six, 64, 0xabcd);
        check_range(&r, "fd00:1:2:abcd::/64");

        for (uint32_t i = 0; i < 16384; i++) {
                r = inet_range_nth(&pool, 28, i);
                CHECK(inet_range_overlaps(&pool, &r));
                CHECK(inet_range_index(&pool, 28, &r) == i);
        }

        r = range("fd00:1:2:ffff::/64");
        CHECK(inet_range_index(&six, 128, &r) == UINT32_MAX);
}

TEST(a_network_has_hosts) {
        InetRange four = range("10.180.1.16/28"), six = range("fd00::/64"), r;

        r = inet_range_host(&four, 1);
        check_range(&r, "10.180.1.17/28");
        r = inet_range_network(&r);
        check_range(&r, "10.180.1.16/28");
        r = inet_range_host(&six, 2);
        check_range(&r, "fd00::2/64");
        CHECK(!inet_range_equal(&r, &six));
        r = inet_range_network(&r);
        CHECK(inet_range_equal(&r, &six));
}

TEST_MAIN()
