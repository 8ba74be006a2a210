/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/if_addr.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/kernel/netlink-address.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/netlink.h"
#include "tests/userns/userns.h"

#define GROUP 4711

typedef struct Fixture {
        int netns_fd;
        Netlink *host;
        Netlink *guest;
} Fixture;

static const NetlinkVeth pair = {
        .name = "ve-web",
        .mac = {{ 2, 0, 0, 0, 0, 1 }},
        .group = GROUP,
        .peer_name = IFNAME_GUEST,
        .peer_mac = {{ 2, 0, 0, 0, 0, 2 }},
};

static void fixture_init(Fixture *f) {
        *f = (Fixture) { .netns_fd = userns_new_network() };
        CHECK_OK(f->netns_fd);
        CHECK_OK(netlink_open(&f->host));
        CHECK_OK(netlink_open_in(f->netns_fd, &f->guest));
}

static void fixture_done(Fixture *f) {
        f->host = netlink_close(f->host);
        f->guest = netlink_close(f->guest);
        closep(&f->netns_fd);
}

static int create_pair(Fixture *f) {
        NetlinkVeth veth = pair;

        veth.peer_netns_fd = f->netns_fd;
        return netlink_create_veth(f->host, &veth);
}

static InetRange range(const char *network, uint8_t host) {
        InetRange r = {};

        CHECK_OK(inet_range_parse(network, &r));
        return inet_range_host(&r, host);
}

TEST(a_veth_pair_is_born_with_names_and_addresses) {
        _cleanup_(fixture_done) Fixture f = {};
        NetlinkLink l = {};

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));

        CHECK_OK(netlink_find_link(f.host, "ve-web", &l));
        CHECK(memcmp(&l.mac, &pair.mac, sizeof(Mac)) == 0);
        CHECK(l.group == GROUP);
        CHECK(!l.up);
        CHECK_STREQ(l.name, "ve-web");
        CHECK_STREQ(l.kind, "veth");

        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        CHECK(memcmp(&l.mac, &pair.peer_mac, sizeof(Mac)) == 0);
        CHECK(!l.up);
        CHECK_STREQ(l.kind, "veth");

        CHECK_ERR(netlink_find_link(f.host, "host0", &l), ENODEV);
        CHECK_ERR(netlink_find_link(f.guest, "ve-web", &l), ENODEV);
}

static void send_frame(int ifindex) {
        struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };
        _cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
        uint8_t frame[60] = {};

        CHECK_OK(fd);
        memset(frame, 0xff, 6);
        CHECK(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *) &to, sizeof(to)) == sizeof(frame));
}

TEST(what_one_end_sends_the_other_receives) {
        _cleanup_(fixture_done) Fixture f = {};
        NetlinkTraffic host = {}, guest = {};
        NetlinkLink l = {};

        USERNS_TEST_BEGIN();
        fixture_init(&f);
        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        CHECK_OK(netlink_set_link_up(f.guest, l.ifindex));
        CHECK_OK(netlink_get_traffic(f.guest, l.ifindex, &guest));
        CHECK_STREQ(guest.name, "host0");
        CHECK(guest.sent.packets == 0 && guest.received.bytes == 0);

        CHECK_OK(netlink_find_link(f.host, "ve-web", &l));
        CHECK_OK(netlink_set_link_up(f.host, l.ifindex));
        send_frame((int) l.ifindex);
        CHECK_OK(netlink_get_traffic(f.host, l.ifindex, &host));
        CHECK_STREQ(host.name, "ve-web");
        CHECK(host.sent.packets > 0 && host.sent.bytes >= 60);

        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        CHECK_OK(netlink_get_traffic(f.guest, l.ifindex, &guest));
        CHECK(guest.received.packets >= host.sent.packets);
        CHECK(guest.received.bytes >= host.sent.bytes);

        CHECK_ERR(netlink_get_traffic(f.host, l.ifindex + 100, &host), ENODEV);
}

TEST(a_name_that_is_taken_changes_nothing) {
        _cleanup_(fixture_done) Fixture f = {}, g = {};
        NetlinkLink l = {}, again = {};

        USERNS_TEST_BEGIN();
        fixture_init(&f);
        fixture_init(&g);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.host, "ve-web", &l));

        CHECK_ERR(create_pair(&f), EEXIST);
        CHECK_ERR(create_pair(&g), EEXIST);
        CHECK_ERR(netlink_find_link(g.guest, "host0", &again), ENODEV);

        CHECK_OK(netlink_find_link(f.host, "ve-web", &again));
        CHECK(again.ifindex == l.ifindex);
}

TEST(a_pair_is_deleted_together) {
        _cleanup_(fixture_done) Fixture f = {};
        NetlinkLink l = {};

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.host, "ve-web", &l));
        CHECK_OK(netlink_delete_link(f.host, l.ifindex));
        CHECK_ERR(netlink_delete_link(f.host, l.ifindex), ENODEV);
        CHECK_ERR(netlink_find_link(f.guest, "host0", &l), ENODEV);
}

TEST(a_link_has_a_long_name_beside_its_own) {
        _cleanup_(fixture_done) Fixture f = {};
        NetlinkLink l = {};

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.host, "ve-web", &l));
        CHECK_OK(netlink_add_altname(f.host, l.ifindex, "ve-a-very-long-container-name"));
        CHECK_ERR(netlink_add_altname(f.host, l.ifindex, "ve-a-very-long-container-name"), EEXIST);
        CHECK_OK(netlink_set_link_alias(f.host, l.ifindex, "berth: a-very-long-container-name"));
        CHECK_ERR(netlink_add_altname(f.host, 999, "other"), ENODEV);
}

TEST(addresses_are_there_at_once) {
        _cleanup_(fixture_done) Fixture f = {};
        _cleanup_free_ NetlinkAddress *list = NULL;
        InetRange four = range("10.180.0.16/28", 2), six = range("fd00:1:2:3::/64", 2);
        bool seen4 = false, seen6 = false;
        NetlinkLink l = {};
        size_t n;

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        CHECK_OK(netlink_set_link_up(f.guest, l.ifindex));
        CHECK_OK(netlink_add_address(f.guest, l.ifindex, &four));
        CHECK_OK(netlink_add_address(f.guest, l.ifindex, &four));
        CHECK_OK(netlink_add_address(f.guest, l.ifindex, &six));

        CHECK_OK(netlink_list_addresses(f.guest, 100, &list, &n));
        for (size_t i = 0; i < n; i++) {
                CHECK(!(list[i].address.family == AF_INET6 && list[i].scope == RT_SCOPE_UNIVERSE &&
                        list[i].flags & IFA_F_TENTATIVE));
                seen4 |= inet_range_equal(&list[i].address, &four) && list[i].ifindex == l.ifindex;
                seen6 |= inet_range_equal(&list[i].address, &six) && list[i].ifindex == l.ifindex;
        }
        CHECK(seen4);
        CHECK(seen6);
}

TEST(public_addresses_are_sorted_and_without_loopback) {
        _cleanup_(fixture_done) Fixture f = {};
        _cleanup_free_ NetlinkAddress *list = NULL;
        InetRange four = range("10.180.0.16/28", 2), six = range("fd00:1:2:3::/64", 2);
        NetlinkLink l = {}, lo = {};
        size_t n;

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.guest, "lo", &lo));
        CHECK_OK(netlink_set_link_up(f.guest, lo.ifindex));
        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        CHECK_OK(netlink_add_address(f.guest, l.ifindex, &six));
        CHECK_OK(netlink_add_address(f.guest, l.ifindex, &four));
        CHECK_OK(netlink_set_link_up(f.guest, l.ifindex));

        CHECK_OK(netlink_list_public_addresses(f.guest, 100, &list, &n));
        CHECK(n >= 2);
        CHECK(inet_range_equal(&list[0].address, &four));
        CHECK(inet_range_equal(&list[1].address, &six));
        for (size_t i = 0; i < n; i++)
                CHECK(list[i].ifindex == l.ifindex);
}

TEST(a_default_route_leads_to_the_neighbor) {
        _cleanup_(fixture_done) Fixture f = {};
        _cleanup_free_ InetRange *list = NULL;
        InetRange four = range("10.180.0.16/28", 2), gateway = range("10.180.0.16/28", 1), net;
        NetlinkLink l = {};
        bool seen = false;
        size_t n;

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        CHECK_OK(netlink_add_address(f.guest, l.ifindex, &four));
        CHECK_ERR(netlink_add_default_route(f.guest, l.ifindex, &gateway), ENETUNREACH);
        CHECK_OK(netlink_set_link_up(f.guest, l.ifindex));
        CHECK_OK(netlink_add_default_route(f.guest, l.ifindex, &gateway));
        CHECK_ERR(netlink_add_default_route(f.guest, l.ifindex, &gateway), EEXIST);

        /* The list has the network, but not the default route. */
        net = inet_range_network(&four);
        CHECK_OK(netlink_list_routes(f.guest, 100, &list, &n));
        for (size_t i = 0; i < n; i++) {
                CHECK(list[i].length > 0);
                seen |= inet_range_equal(&list[i], &net);
        }
        CHECK(seen);
}

TEST(a_route_is_found_by_an_address_behind_it) {
        static const char *const nets[] = { "10.180.0.16/28", "fd00:1:2:3::/64" };
        static const char *const others[] = { "10.180.0.32/28", "fd00:1:2:4::/64" };
        _cleanup_(fixture_done) Fixture f = {};
        NetlinkLink l = {};

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        CHECK_OK(netlink_set_link_up(f.guest, l.ifindex));

        for (size_t i = 0; i < 2; i++) {
                InetRange own = range(nets[i], 2), near = range(nets[i], 5), far = range(others[i], 5);
                InetRange found = {}, net = inet_range_network(&own);

                CHECK_ERR(netlink_find_route(f.guest, &far, &found), ENETUNREACH);
                CHECK_OK(netlink_add_address(f.guest, l.ifindex, &own));

                CHECK_OK(netlink_find_route(f.guest, &near, &found));
                CHECK(inet_range_equal(&found, &net));
                CHECK_OK(netlink_find_route(f.guest, &own, &found));
                CHECK(inet_range_overlaps(&found, &own));
                CHECK_ERR(netlink_find_route(f.guest, &far, &found), ENETUNREACH);

                CHECK_OK(netlink_add_default_route(f.guest, l.ifindex, &near));
                CHECK_OK(netlink_find_route(f.guest, &far, &found));
                CHECK(found.length == 0);
        }
}

TEST(a_guest_with_many_addresses_is_listed_up_to_the_limit) {
        _cleanup_(fixture_done) Fixture f = {};
        _cleanup_free_ NetlinkAddress *list = NULL;
        NetlinkLink l = {};
        size_t n;

        USERNS_TEST_BEGIN();
        fixture_init(&f);

        CHECK_OK(create_pair(&f));
        CHECK_OK(netlink_find_link(f.guest, "host0", &l));
        for (unsigned i = 0; i < 1500; i++) {
                InetRange a = range("10.0.0.0/8", (uint8_t) i);

                a.bytes[1] = (uint8_t) (i >> 8);
                CHECK_OK(netlink_add_address(f.guest, l.ifindex, &a));
        }

        CHECK_OK(netlink_list_addresses(f.guest, 2000, &list, &n));
        CHECK(n == 1500);
        free(TAKE_PTR(list));

        CHECK_OK(netlink_list_addresses(f.guest, 100, &list, &n));
        CHECK(n == 100);

        /* The rest of the answers went with the socket. */
        CHECK_ERR(netlink_find_link(f.guest, "host0", &l), ENOTCONN);
}

TEST(opening_elsewhere_leaves_us_where_we_were) {
        _cleanup_(fixture_done) Fixture f = {};
        _cleanup_close_ int file = -EBADF;
        struct stat before, after;
        Netlink *nl = NULL;

        USERNS_TEST_BEGIN();
        CHECK_OK(stat("/proc/self/ns/net", &before));
        fixture_init(&f);

        file = open("/proc/self/ns/uts", O_RDONLY|O_CLOEXEC);
        CHECK_OK(file);
        CHECK_ERR(netlink_open_in(file, &nl), EINVAL);
        CHECK(!nl);

        CHECK_OK(stat("/proc/self/ns/net", &after));
        CHECK(before.st_ino == after.st_ino);
}

TEST_MAIN()
