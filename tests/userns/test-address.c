/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include "daemon/outside/address.h"
#include "lib/kernel/netlink-address.h"
#include "tests/userns/guest.h"
#include "tests/userns/userns.h"

static void check_host_and_guest(const Guest *g, const InetRange *net) {
        InetRange host = inet_range_host(net, ADDRESS_HOST), guest = inet_range_host(net, ADDRESS_GUEST);
        _cleanup_close_ int h = bind_in(-EBADF, &host), s = bind_in(g->netns_fd, &guest);

        check_both_ways(h, &host, s, &guest);
}

TEST(host_and_guest_reach_each_other) {
        _cleanup_(guest_done) Guest g = {};

        USERNS_TEST_BEGIN();
        guest_wire(&g, "web");

        CHECK(g.addresses.net4.family == AF_INET);
        check_host_and_guest(&g, &g.addresses.net4);

        SKIP_UNLESS(g.addresses.net6.family == AF_INET6, "IPv6");
        check_host_and_guest(&g, &g.addresses.net6);
}

TEST(two_machines_have_two_networks) {
        _cleanup_(guest_done) Guest g = {}, h = {};
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        InetRange taken;

        USERNS_TEST_BEGIN();
        guest_wire(&g, "web");

        /* The second one would get the same if the first were not there. */
        CHECK(drop_link("web", g.link.ifindex) == 1);
        taken = inet_range_host(&g.addresses.net4, 7);
        CHECK_OK(netlink_open(&nl));
        CHECK_OK(netlink_add_address(nl, find_link(-EBADF, "lo").ifindex, &taken));

        guest_wire(&h, "web");
        CHECK(!inet_range_overlaps(&h.addresses.net4, &g.addresses.net4));
}

TEST(machines_in_the_making_have_their_networks) {
        AddressRequest request = { .machine = "web", .host = host_id };
        Addresses a, b;
        Config c;

        USERNS_TEST_BEGIN();
        config_init(&c);
        request.config = &c;
        CHECK_OK(address_plan(&request, &a));
        SKIP_UNLESS(!a.by_networkd, "a host without systemd-networkd");

        request.taken = &a.net4;
        request.n_taken = 1;
        CHECK_OK(address_plan(&request, &b));
        CHECK(!inet_range_overlaps(&a.net4, &b.net4));
}

/* A route of the host's, to a network that no interface of it has an address in. */
static void add_route(const char *network, uint8_t type) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        struct rtmsg header = {
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_STATIC,
                .rtm_type = type,
        };
        InetRange net = {};

        CHECK_OK(inet_range_parse(network, &net));
        header.rtm_family = (uint8_t) net.family;
        header.rtm_dst_len = (uint8_t) net.length;
        CHECK_OK(netlink_open(&nl));
        CHECK_OK(netlink_request_new(RTM_NEWROUTE, NLM_F_CREATE|NLM_F_EXCL, &header, sizeof(header), &msg));
        CHECK(nla_put(msg, RTA_DST, (int) inet_size(net.family), net.bytes) == 0);
        if (type == RTN_UNICAST)
                CHECK(nla_put_u32(msg, RTA_OIF, find_link(-EBADF, "lo").ifindex) == 0);
        CHECK_OK(netlink_call(nl, msg, NULL, NULL));
}

static InetRange plan4(const Config *config) {
        AddressRequest request = { .machine = "web", .host = host_id, .config = config };
        Addresses a = {};

        CHECK_OK(address_plan(&request, &a));
        SKIP_UNLESS(!a.by_networkd, "a host without systemd-networkd");
        return a.net4;
}

static void set_loopback_up(void) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;

        CHECK_OK(netlink_open(&nl));
        CHECK_OK(netlink_set_link_up(nl, find_link(-EBADF, "lo").ifindex));
}

TEST(routes_of_the_host_are_in_the_way) {
        static const uint8_t types[] = { RTN_UNICAST, RTN_UNREACHABLE, RTN_BLACKHOLE };
        Config c;

        CHECK_OK(config_parse("[Network]\nPool4=10.7.0.0/20 10.8.0.0/16\nPool6=none\n", &c, NULL));

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                char text[INET_STRING_SIZE];
                InetRange net, single;

                USERNS_TEST_BEGIN();
                set_loopback_up();

                /* Half a pool, one address of what is left, and all of it. */
                add_route("10.7.0.0/21", types[i]);
                net = plan4(&c);
                CHECK(net.bytes[1] == 7 && net.bytes[2] >= 8);

                single = inet_range_host(&net, 9);
                single.length = 32;
                add_route(inet_range_format(&single, text), types[i]);
                net = plan4(&c);
                CHECK(net.bytes[1] == 7 && !inet_range_overlaps(&net, &single));

                add_route("10.7.8.0/21", types[i]);
                net = plan4(&c);
                CHECK(net.bytes[1] == 8);
        }
}

TEST(addresses_of_interfaces_that_are_down_are_in_the_way) {
        _cleanup_(guest_done) Guest g = {};
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        InetRange net, taken;
        Config c;

        USERNS_TEST_BEGIN();
        config_init(&c);
        guest_init(&g);
        CHECK_OK(link_create("other", host_id, g.netns_fd, &g.link));

        net = plan4(&c);
        taken = inet_range_host(&net, 5);
        CHECK_OK(netlink_open(&nl));
        CHECK_OK(netlink_add_address(nl, g.link.ifindex, &taken));
        taken = plan4(&c);
        CHECK(!inet_range_overlaps(&net, &taken));
}

TEST(a_full_pool_is_said_to_be_full) {
        _cleanup_(guest_done) Guest g = {}, h = {};
        ConfigError e = {};
        Config c;

        USERNS_TEST_BEGIN();
        CHECK_OK(config_parse("[Network]\nPool4=10.7.0.0/28\nPool6=none\n", &c, &e));

        guest_init(&g);
        CHECK_OK(link_create("a", host_id, g.netns_fd, &g.link));
        CHECK_OK(guest_address(&g, "a", &c));
        SKIP_UNLESS(!g.addresses.by_networkd, "a host without systemd-networkd");
        CHECK(g.addresses.net6.family == 0);

        guest_init(&h);
        CHECK_OK(link_create("b", host_id, h.netns_fd, &h.link));
        CHECK_ERR(guest_address(&h, "b", &c), E_NO_POOL_LEFT);

        CHECK_OK(config_parse("[Network]\nPool4=none\n", &c, &e));
        CHECK_OK(guest_address(&h, "b", &c));
        CHECK(h.addresses.net4.family == 0);
}

TEST(without_ipv6_there_is_ipv4) {
        _cleanup_(guest_done) Guest g = {};

        USERNS_TEST_BEGIN();
        SKIP_UNLESS(access("/proc/sys/net/ipv6", F_OK) >= 0, "IPv6");
        CHECK_OK(file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));

        guest_wire(&g, "web");
        CHECK(g.addresses.net6.family == 0);
        check_host_and_guest(&g, &g.addresses.net4);
}

TEST_MAIN()
