/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "daemon/outside/pool.h"
#include "tests/test.h"

static InetRange range(const char *s) {
        InetRange r = {};

        CHECK_OK(inet_range_parse(s, &r));
        return r;
}

static ConfigPools pools(const char *first, const char *second) {
        ConfigPools p = { .pools = { range(first) }, .n = 1 };

        if (second)
                p.pools[p.n++] = range(second);
        return p;
}

static InetRange decide(
                const char *machine,
                const ConfigPools *p,
                unsigned length,
                const InetRange *used,
                size_t n) {

        InetRange net = {};

        CHECK_OK(pool_choose(machine, p, length, used, n, &net));
        CHECK(net.length == length);
        for (size_t i = 0; i < n; i++)
                CHECK(!inet_range_overlaps(&net, &used[i]));
        return net;
}

TEST(a_name_has_the_same_network_each_time) {
        ConfigPools p = pools("10.180.0.0/14", NULL);
        InetRange a = decide("web", &p, 28, NULL, 0), b = decide("web", &p, 28, NULL, 0);
        InetRange c = decide("db", &p, 28, NULL, 0);

        CHECK(inet_range_equal(&a, &b));
        CHECK(!inet_range_equal(&a, &c));
        CHECK(inet_range_overlaps(&p.pools[0], &a));
}

TEST(a_network_in_use_is_passed_over) {
        ConfigPools p = pools("10.180.0.0/24", NULL);
        InetRange first = decide("web", &p, 28, NULL, 0), used[3], next;

        /* The network itself, one address in it, and a larger one around it. */
        used[0] = first;
        next = decide("web", &p, 28, used, 1);
        CHECK(inet_range_index(&p.pools[0], 28, &next) ==
              (inet_range_index(&p.pools[0], 28, &first) + 1) % 16);

        used[0] = inet_range_host(&first, 9);
        used[0].length = 32;
        (void) decide("web", &p, 28, used, 1);

        /* An address with the length of its network means all of that. */
        used[0] = inet_range_host(&first, 9);
        used[0].length = 26;
        (void) decide("web", &p, 28, used, 1);

        used[0] = range("10.180.0.0/25");
        used[1] = range("10.180.0.128/26");
        used[2] = range("192.168.0.0/16");
        next = decide("web", &p, 28, used, 3);
        CHECK(next.bytes[3] >= 192);
}

TEST(every_network_is_found_before_the_pool_is_full) {
        ConfigPools p = pools("10.180.0.0/22", "192.168.5.0/28");
        InetRange used[65], net;

        for (size_t i = 0; i < 65; i++)
                used[i] = decide("web", &p, 28, used, i);

        /* The second pool was the last one. */
        CHECK(used[63].bytes[0] == 10);
        CHECK(used[64].bytes[0] == 192);
        CHECK_ERR(pool_choose("web", &p, 28, used, 65, &net), E_NO_POOL_LEFT);
}

TEST(a_route_over_the_whole_pool_leaves_the_next_one) {
        ConfigPools p = pools("10.180.0.0/14", "172.24.0.0/14");
        InetRange used[2] = { range("10.0.0.0/8"), range("172.16.0.0/12") }, net;

        net = decide("web", &p, 28, used, 1);
        CHECK(net.bytes[0] == 172);
        CHECK_ERR(pool_choose("web", &p, 28, used, 2, &net), E_NO_POOL_LEFT);
        p.n = 0;
        CHECK_ERR(pool_choose("web", &p, 28, NULL, 0, &net), E_NO_POOL_LEFT);
}

TEST(the_largest_pools_and_the_smallest_are_usable) {
        ConfigPools p = pools("10.0.0.0/8", NULL);
        InetRange used[2], net;

        net = decide("web", &p, 28, NULL, 0);
        CHECK(net.bytes[0] == 10);
        used[0] = range("10.0.0.0/9");
        net = decide("web", &p, 28, used, 1);
        CHECK(net.bytes[1] >= 128);

        p = pools("10.180.0.16/28", NULL);
        net = decide("web", &p, 28, NULL, 0);
        CHECK(inet_range_equal(&net, &p.pools[0]));

        p = pools("10.180.0.16/30", NULL);
        CHECK_ERR(pool_choose("web", &p, 28, NULL, 0, &net), E_NO_POOL_LEFT);
}

TEST(names_spread_over_the_pool) {
        ConfigPools p = pools("10.180.0.0/14", NULL);
        static InetRange used[5000];
        char name[16];

        for (unsigned i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "m%u", i);
                used[i] = decide(name, &p, 28, used, i);
        }
}

TEST(hosts_have_ipv6_pools_of_their_own) {
        Id128 one = {{ 1 }}, two = {{ 2 }};
        InetRange a = pool_of_host(one), b = pool_of_host(one), c = pool_of_host(two), net, other;
        ConfigPools p = { .n = 1 };

        CHECK(inet_range_equal(&a, &b));
        CHECK(!inet_range_equal(&a, &c));
        CHECK(a.bytes[0] == 0xfd && a.length == 48 && a.family == AF_INET6);

        p.pools[0] = a;
        net = decide("web", &p, 64, NULL, 0);
        CHECK(inet_range_overlaps(&a, &net));
        other = decide("web", &p, 64, &net, 1);
        CHECK(!inet_range_equal(&net, &other));
}

TEST_MAIN()
