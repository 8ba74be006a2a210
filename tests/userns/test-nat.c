/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/nat.h"
#include "lib/kernel/netlink-address.h"
#include "lib/kernel/nft.h"
#include "tests/userns/guest.h"
#include "tests/userns/userns.h"

static NatEntry nat_entry(const Guest *g) {
        return (NatEntry) { .ifname = g->link.name, .net4 = g->addresses.net4, .net6 = g->addresses.net6 };
}

/* The world outside: a neighbor of the host's that knows of no machines. */
typedef struct World {
        int netns_fd;
        InetRange host4, world4, host6, world6;
        int fd4, fd6;
} World;

static InetRange address(const char *network, uint8_t number) {
        InetRange r = {};

        CHECK_OK(inet_range_parse(network, &r));
        return inet_range_host(&r, number);
}

static void world_init(World *w) {
        _cleanup_(netlink_closep) Netlink *here = NULL, *there = NULL;
        NetlinkVeth veth = {
                .name = "uplink", .mac = {{ 2, 1 }}, .peer_name = "eth0", .peer_mac = {{ 2, 2 }},
        };
        unsigned near, far;

        *w = (World) {
                .netns_fd = userns_new_network(),
                .host4 = address("192.0.2.0/24", 1), .world4 = address("192.0.2.0/24", 2),
                .host6 = address("2001:db8::/64", 1), .world6 = address("2001:db8::/64", 2),
        };
        CHECK_OK(w->netns_fd);
        CHECK_OK(netlink_open(&here));
        CHECK_OK(netlink_open_in(w->netns_fd, &there));

        veth.peer_netns_fd = w->netns_fd;
        CHECK_OK(netlink_create_veth(here, &veth));
        near = find_link(-EBADF, "uplink").ifindex;
        far = find_link(w->netns_fd, "eth0").ifindex;
        CHECK_OK(netlink_add_address(here, near, &w->host4));
        CHECK_OK(netlink_add_address(here, near, &w->host6));
        CHECK_OK(netlink_add_address(there, far, &w->world4));
        CHECK_OK(netlink_add_address(there, far, &w->world6));
        CHECK_OK(netlink_set_link_up(here, near));
        CHECK_OK(netlink_set_link_up(there, far));

        /* An attacker there knows where machines are, and sends it to the host. */
        CHECK_OK(netlink_add_default_route(there, far, &w->host4));
        CHECK_OK(netlink_add_default_route(there, far, &w->host6));

        w->fd4 = bind_in(w->netns_fd, &w->world4);
        w->fd6 = bind_in(w->netns_fd, &w->world6);
}

static void world_done(World *w) {
        closep(&w->fd4);
        closep(&w->fd6);
        closep(&w->netns_fd);
}

#define SKIP_WITHOUT_NFTABLES()                                                         \
        do {                                                                            \
                int _n = nat_replace(NULL, 0, NULL);                                    \
                SKIP_UNLESS(_n != -EOPNOTSUPP, "nftables");                             \
                CHECK_OK(_n);                                                           \
        } while (0)

static void check_masquerading(
                const Guest *g,
                const InetRange *net,
                const InetRange *host,
                const InetRange *world,
                int world_fd) {

        InetRange guest = inet_range_host(net, ADDRESS_GUEST), from = {};
        _cleanup_close_ int fd = bind_in(g->netns_fd, &guest);

        /* From outside nothing comes in: what is sent next arrives first. */
        send_to(world_fd, &guest, EVIL);

        CHECK(deliver(fd, world, world_fd, 'q', &from) == 'q');
        CHECK(same_address(&from, host));
        CHECK(deliver(world_fd, host, fd, 'r', &from) == 'r');
        CHECK(same_address(&from, world));
}

TEST(machines_reach_the_world_and_not_the_other_way_round) {
        _cleanup_(guest_done) Guest g = {};
        _cleanup_(world_done) World w = { .netns_fd = -EBADF, .fd4 = -EBADF, .fd6 = -EBADF };
        NatEntry e;

        USERNS_TEST_BEGIN();
        SKIP_WITHOUT_NFTABLES();
        world_init(&w);
        guest_wire(&g, "web");

        e = nat_entry(&g);
        CHECK_OK(nat_enable_forwarding(true, true));
        CHECK_OK(nat_add(&e, NULL));

        check_masquerading(&g, &g.addresses.net4, &w.host4, &w.world4, w.fd4);
        if (g.addresses.net6.family == AF_INET6)
                check_masquerading(&g, &g.addresses.net6, &w.host6, &w.world6, w.fd6);
}

TEST(machines_reach_each_other_under_their_own_addresses) {
        _cleanup_(guest_done) Guest g = {}, h = {};
        InetRange a, b;
        NatEntry e;

        USERNS_TEST_BEGIN();
        SKIP_WITHOUT_NFTABLES();
        guest_wire(&g, "web");
        guest_wire(&h, "db");
        CHECK_OK(nat_enable_forwarding(true, true));
        e = nat_entry(&g);
        CHECK_OK(nat_add(&e, NULL));
        e = nat_entry(&h);
        CHECK_OK(nat_add(&e, NULL));

        for (unsigned six = 0; six < 2; six++) {
                _cleanup_close_ int fd_a = -EBADF, fd_b = -EBADF;

                if (six && g.addresses.net6.family != AF_INET6)
                        continue;

                a = inet_range_host(six ? &g.addresses.net6 : &g.addresses.net4, ADDRESS_GUEST);
                b = inet_range_host(six ? &h.addresses.net6 : &h.addresses.net4, ADDRESS_GUEST);
                fd_a = bind_in(g.netns_fd, &a);
                fd_b = bind_in(h.netns_fd, &b);
                check_both_ways(fd_a, &a, fd_b, &b);
        }
}

TEST(a_machine_cannot_send_from_other_addresses) {
        _cleanup_(guest_done) Guest g = {};
        _cleanup_(world_done) World w = { .netns_fd = -EBADF, .fd4 = -EBADF, .fd6 = -EBADF };
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        InetRange lie = address("2001:db8:bad::/64", 2), true_one, from = {};
        _cleanup_close_ int liar = -EBADF, honest = -EBADF;
        NatEntry e;

        USERNS_TEST_BEGIN();
        SKIP_WITHOUT_NFTABLES();
        world_init(&w);
        guest_wire(&g, "web");
        SKIP_UNLESS(g.addresses.net6.family == AF_INET6, "IPv6");
        e = nat_entry(&g);
        CHECK_OK(nat_enable_forwarding(true, true));
        CHECK_OK(nat_add(&e, NULL));

        CHECK_OK(netlink_open_in(g.netns_fd, &nl));
        CHECK_OK(netlink_add_address(nl, find_link(g.netns_fd, "host0").ifindex, &lie));
        liar = bind_in(g.netns_fd, &lie);
        true_one = inet_range_host(&g.addresses.net6, ADDRESS_GUEST);
        honest = bind_in(g.netns_fd, &true_one);

        CHECK(deliver(honest, &w.world6, w.fd6, 'q', &from) == 'q');
        send_to(liar, &w.world6, EVIL);
        CHECK(deliver(honest, &w.world6, w.fd6, 's', &from) == 's');
}

static int list_table(void) {
        return nft_apply("list table inet berth", NULL);
}

TEST(the_table_comes_and_goes) {
        _cleanup_free_ char *text = NULL;
        NatEntry a = {
                .ifname = "ve-a", .net4 = address("10.180.0.16/28", 0), .net6 = address("fd00::/64", 0),
        };
        NatEntry b = { .ifname = "ve-b", .net4 = address("10.180.0.32/28", 0) };
        NatEntry both[] = { a, b };

        USERNS_TEST_BEGIN();
        SKIP_WITHOUT_NFTABLES();

        CHECK_ERR(list_table(), ENOENT);
        CHECK_OK(nat_remove(&a, 1, &text));
        CHECK(!text);
        CHECK_ERR(list_table(), ENOENT);

        CHECK_OK(nat_add(&a, NULL));
        CHECK_OK(nat_add(&a, NULL));
        CHECK_OK(nat_add(&b, NULL));
        CHECK_OK(list_table());
        CHECK_OK(nft_apply("get element inet berth nets4 { \"ve-a\" . 10.180.0.16 }", NULL));
        CHECK_OK(nft_apply("get element inet berth nets6 { \"ve-a\" . fd00:: }", NULL));

        CHECK_OK(nat_remove(&a, 1, NULL));
        CHECK_OK(nat_remove(&a, 1, NULL));
        CHECK_ERR(nft_apply("get element inet berth nets4 { \"ve-a\" . 10.180.0.16 }", NULL), ENOENT);
        CHECK_ERR(nft_apply("get element inet berth links { \"ve-a\" }", NULL), ENOENT);
        CHECK_OK(nft_apply("get element inet berth links { \"ve-b\" }", NULL));

        CHECK_OK(nat_remove(both, 2, NULL));
        CHECK_ERR(nft_apply("get element inet berth links { \"ve-b\" }", NULL), ENOENT);
        CHECK_OK(nat_replace(both, 2, NULL));
        CHECK_OK(nft_apply("get element inet berth links { \"ve-a\" }", NULL));
        CHECK_OK(nat_replace(&a, 1, NULL));
        CHECK_ERR(nft_apply("get element inet berth links { \"ve-b\" }", NULL), ENOENT);

        CHECK_OK(nat_replace(NULL, 0, NULL));
        CHECK_OK(nat_replace(NULL, 0, NULL));
        CHECK_ERR(list_table(), ENOENT);
}

TEST(nftables_says_what_went_wrong) {
        _cleanup_free_ char *text = NULL;

        USERNS_TEST_BEGIN();
        SKIP_WITHOUT_NFTABLES();

        CHECK(nft_apply("rubbish", &text) < 0);
        CHECK(text && *text);
        free(TAKE_PTR(text));
        CHECK_ERR(nft_apply("add table inet x\nadd rule inet x nochain accept", &text), ENOENT);
        CHECK(text && *text);

        /* All or nothing. */
        CHECK_ERR(nft_apply("list table inet x", NULL), ENOENT);
}

/* A new network namespace begins with what the first one is set to. */
static void forward_nothing(void) {
        CHECK_OK(file_write("/proc/sys/net/ipv4/ip_forward", "0"));
        CHECK_OK(file_write("/proc/sys/net/ipv6/conf/all/forwarding", "0"));
}

TEST(forwarding_does_not_deafen_the_host_to_routers) {
        USERNS_TEST_BEGIN();
        SKIP_UNLESS(access("/proc/sys/net/ipv6", F_OK) >= 0, "IPv6");

        forward_nothing();
        CHECK_OK(file_write("/proc/sys/net/ipv6/conf/default/accept_ra", "1"));
        CHECK_OK(nat_enable_forwarding(false, true));
        check_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1");
        check_sysctl("/proc/sys/net/ipv6/conf/default/accept_ra", "2");
        check_sysctl("/proc/sys/net/ipv4/ip_forward", "0");

        CHECK_OK(nat_enable_forwarding(true, false));
        check_sysctl("/proc/sys/net/ipv4/ip_forward", "1");
}

TEST(interfaces_that_ignore_routers_go_on_to_do_so) {
        _cleanup_(world_done) World w = { .netns_fd = -EBADF, .fd4 = -EBADF, .fd6 = -EBADF };

        USERNS_TEST_BEGIN();
        SKIP_UNLESS(access("/proc/sys/net/ipv6", F_OK) >= 0, "IPv6");
        world_init(&w);
        forward_nothing();

        CHECK_OK(file_write("/proc/sys/net/ipv6/conf/default/accept_ra", "0"));
        CHECK_OK(file_write("/proc/sys/net/ipv6/conf/uplink/accept_ra", "1"));
        CHECK_OK(nat_enable_forwarding(false, true));
        check_sysctl("/proc/sys/net/ipv6/conf/default/accept_ra", "0");
        check_sysctl("/proc/sys/net/ipv6/conf/uplink/accept_ra", "2");

        /* Forwarding is on already: the administrator's business. */
        CHECK_OK(file_write("/proc/sys/net/ipv6/conf/uplink/accept_ra", "1"));
        CHECK_OK(nat_enable_forwarding(false, true));
        check_sysctl("/proc/sys/net/ipv6/conf/uplink/accept_ra", "1");
}

TEST_MAIN()
