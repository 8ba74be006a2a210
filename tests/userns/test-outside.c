/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "daemon/outside/address.h"
#include "daemon/outside/link.h"
#include "daemon/outside/nat.h"
#include "lib/kernel/netlink-address.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/nft.h"
#include "tests/userns/userns.h"

#define LONG_NAME "a-very-long-container-name"
#define PORT 4711
#define EVIL 'e'       /* what is to be lost on its way */

/* Packets are lost while an interface comes up: send again until then. */
#define PATIENCE_MSEC 100
#define TRIES 50

static const Id128 host_id = {{ 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef }};

/* A machine: where it lives, and what the daemon gave it. */
typedef struct Guest {
        int netns_fd;
        Link link;
        Addresses addresses;
} Guest;

static void guest_init(Guest *g) {
        *g = (Guest) { .netns_fd = userns_new_network() };
        CHECK_OK(g->netns_fd);
}

static void guest_done(Guest *g) {
        closep(&g->netns_fd);
}

static int guest_address(Guest *g, const char *machine, const Config *config) {
        AddressRequest request = { .machine = machine, .host = host_id, .config = config };
        int r;

        r = address_plan(&request, &g->addresses);
        if (r < 0)
                return r;

        return address_setup(&g->addresses, g->netns_fd, g->link.ifindex);
}

static void guest_wire(Guest *g, const char *machine) {
        Config config;

        config_init(&config);
        guest_init(g);
        CHECK_OK(link_create(machine, host_id, g->netns_fd, &g->link));
        CHECK_OK(guest_address(g, machine, &config));
        SKIP_UNLESS(!g->addresses.by_networkd, "a host without systemd-networkd");
}

static NatEntry nat_entry(const Guest *g) {
        return (NatEntry) { .ifname = g->link.name, .net4 = g->addresses.net4, .net6 = g->addresses.net6 };
}

static NetlinkLink find(int netns_fd, const char *name) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        NetlinkLink l = {};

        CHECK_OK(netns_fd >= 0 ? netlink_open_in(netns_fd, &nl) : netlink_open(&nl));
        CHECK_OK(netlink_find_link(nl, name, &l));
        return l;
}

/* As the daemon does it: put aside, and removed with all others. */
static int drop_link(const char *machine, unsigned ifindex) {
        int r = link_discard(machine, host_id, ifindex);

        CHECK_OK(link_flush());
        return r;
}

static bool exists(const char *name) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        NetlinkLink l;

        CHECK_OK(netlink_open(&nl));
        return netlink_find_link(nl, name, &l) >= 0;
}

static void check_mac(Mac mac, MacKind kind, const char *machine) {
        Mac wanted = mac_derive(kind, host_id, machine, 0);

        CHECK(memcmp(&mac, &wanted, sizeof(mac)) == 0);
}

static void check_sysctl(const char *path, const char *wanted) {
        _cleanup_free_ char *value = NULL;

        CHECK_OK(file_read(path, 64, &value));
        value[strcspn(value, "\n")] = '\0';
        CHECK_STREQ(value, wanted);
}

TEST(a_link_is_wanted_once) {
        _cleanup_(guest_done) Guest g = {};
        _cleanup_close_ int own = -EBADF;

        USERNS_TEST_BEGIN();
        guest_init(&g);

        own = open("/proc/self/ns/net", O_RDONLY|O_CLOEXEC);
        CHECK_OK(own);
        CHECK(link_wanted(own) == 0);

        CHECK(link_wanted(g.netns_fd) == 1);
        CHECK_OK(link_create("web", host_id, g.netns_fd, &g.link));
        CHECK(link_wanted(g.netns_fd) == 0);
}

TEST(a_link_has_its_names_and_addresses) {
        _cleanup_(guest_done) Guest g = {}, h = {};
        NetlinkLink l;

        USERNS_TEST_BEGIN();
        guest_init(&g);
        guest_init(&h);

        CHECK_OK(link_create("web", host_id, g.netns_fd, &g.link));
        CHECK_STREQ(g.link.name, "ve-web");
        CHECK_STREQ(g.link.altname, "");
        l = find(-EBADF, "ve-web");
        CHECK(l.ifindex == g.link.ifindex);
        CHECK(l.group == LINK_GROUP);
        check_mac(l.mac, MAC_VETH_HOST, "web");
        check_mac(find(g.netns_fd, "host0").mac, MAC_VETH_GUEST, "web");

        CHECK_OK(link_create(LONG_NAME, host_id, h.netns_fd, &h.link));
        CHECK_STREQ(h.link.name, "ve-a-very-lA4-6");
        CHECK_STREQ(h.link.altname, "ve-" LONG_NAME);
        check_mac(find(-EBADF, h.link.name).mac, MAC_VETH_HOST, LONG_NAME);
}

TEST(a_guest_does_not_tell_the_host_its_routes) {
        _cleanup_(guest_done) Guest g = {};

        USERNS_TEST_BEGIN();
        guest_init(&g);

        /* Where a dot is in the name, /proc/sys has it as well. */
        CHECK_OK(link_create("w.eb", host_id, g.netns_fd, &g.link));
        check_sysctl("/proc/sys/net/ipv4/conf/ve-w.eb/rp_filter", "1");
        check_sysctl("/proc/sys/net/ipv4/conf/ve-w.eb/accept_redirects", "0");
        SKIP_UNLESS(access("/proc/sys/net/ipv6", F_OK) >= 0, "IPv6");
        check_sysctl("/proc/sys/net/ipv6/conf/ve-w.eb/accept_ra", "0");
        check_sysctl("/proc/sys/net/ipv6/conf/ve-w.eb/accept_redirects", "0");
}

TEST(what_a_dead_predecessor_left_is_replaced) {
        _cleanup_(guest_done) Guest old = {}, new = {};
        Link l;

        USERNS_TEST_BEGIN();
        guest_init(&old);
        guest_init(&new);

        CHECK_OK(link_create(LONG_NAME, host_id, old.netns_fd, &old.link));
        CHECK_OK(link_create(LONG_NAME, host_id, new.netns_fd, &new.link));
        CHECK(new.link.ifindex != old.link.ifindex);
        CHECK_STREQ(new.link.altname, "ve-" LONG_NAME);
        CHECK(link_wanted(old.netns_fd) == 1);
        CHECK(link_wanted(new.netns_fd) == 0);

        /* The same leader once more: its own link is replaced, too. */
        CHECK_OK(link_create(LONG_NAME, host_id, new.netns_fd, &l));
        CHECK(l.ifindex != new.link.ifindex);
}

TEST(what_others_made_is_never_touched) {
        _cleanup_(guest_done) Guest g = {}, h = {};
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        NetlinkVeth veth = { .name = "ve-web", .peer_name = "host0" };
        unsigned ifindex;

        USERNS_TEST_BEGIN();
        guest_init(&g);
        guest_init(&h);
        CHECK_OK(netlink_open(&nl));

        /* As nspawn makes it: the same name and addresses. */
        veth.mac = mac_derive(MAC_VETH_HOST, host_id, "web", 0);
        veth.peer_mac = mac_derive(MAC_VETH_GUEST, host_id, "web", 0);
        veth.peer_netns_fd = g.netns_fd;
        CHECK_OK(netlink_create_veth(nl, &veth));
        ifindex = find(-EBADF, "ve-web").ifindex;

        CHECK_ERR(link_create("web", host_id, h.netns_fd, &h.link), EEXIST);
        CHECK(drop_link("web", 0) == 0);
        CHECK(drop_link("web", ifindex) == 0);
        CHECK(link_sweep(NULL, 0) == 0);
        CHECK(find(-EBADF, "ve-web").ifindex == ifindex);
        CHECK(link_wanted(h.netns_fd) == 1);

        /* Ours, but of a machine whose name was shortened to the same. */
        CHECK_OK(netlink_delete_link(nl, ifindex));
        veth.mac = mac_derive(MAC_VETH_HOST, host_id, "other", 0);
        veth.group = LINK_GROUP;
        CHECK_OK(netlink_create_veth(nl, &veth));
        CHECK_ERR(link_create("web", host_id, h.netns_fd, &h.link), EEXIST);
        CHECK(drop_link("web", 0) == 0);
        CHECK(exists("ve-web"));
}

TEST(a_guest_that_has_a_host0_gets_no_link) {
        _cleanup_(guest_done) Guest g = {};

        USERNS_TEST_BEGIN();
        guest_init(&g);

        CHECK_OK(link_create("web", host_id, g.netns_fd, &g.link));
        CHECK_ERR(link_create("db", host_id, g.netns_fd, &g.link), EEXIST);
        CHECK(!exists("ve-db"));
        CHECK(exists("ve-web"));
}

TEST(links_are_removed_and_swept) {
        Guest g[3] = {};
        const char *const names[] = { "a", "b", "c" };

        USERNS_TEST_BEGIN();
        for (size_t i = 0; i < 3; i++) {
                guest_init(&g[i]);
                CHECK_OK(link_create(names[i], host_id, g[i].netns_fd, &g[i].link));
        }

        CHECK(drop_link("a", g[0].link.ifindex) == 1);
        CHECK(drop_link("a", g[0].link.ifindex) == 0);
        CHECK(!exists("ve-a"));

        CHECK(link_sweep(&g[1].link.ifindex, 1) == 1);
        CHECK(exists("ve-b"));
        CHECK(!exists("ve-c"));
        CHECK(drop_link("b", 0) == 1);
        CHECK(!exists("ve-b"));

        for (size_t i = 0; i < 3; i++)
                guest_done(&g[i]);
}

TEST(discarded_links_go_together_and_are_in_nobodys_way) {
        _cleanup_(guest_done) Guest g = {}, h = {}, again = {};

        USERNS_TEST_BEGIN();
        guest_init(&g);
        guest_init(&h);
        guest_init(&again);
        CHECK_OK(link_create("a", host_id, g.netns_fd, &g.link));
        CHECK_OK(link_create("b", host_id, h.netns_fd, &h.link));

        CHECK_OK(link_flush());
        CHECK(exists("ve-a") && exists("ve-b"));

        CHECK(link_discard("a", host_id, g.link.ifindex) == 1);
        CHECK(link_discard("b", host_id, 0) == 1);
        CHECK(link_discard("c", host_id, 0) == 0);

        CHECK_OK(link_create("a", host_id, again.netns_fd, &again.link));
        CHECK_OK(link_flush());
        CHECK(find(-EBADF, "ve-a").ifindex == again.link.ifindex);
        CHECK(!exists("ve-b"));
        CHECK(link_wanted(h.netns_fd) == 1);

        /* One that was put aside by a daemon that was killed then. */
        CHECK(link_discard("a", host_id, 0) == 1);
        CHECK(link_sweep(NULL, 0) == 1);
        CHECK(!exists("ve-a"));
}

/* What no client asks for, since names are checked before: nothing happens. */
TEST(hostile_names_make_no_links) {
        static const char *const names[] = { "a/b", "../../etc", "a b", "%d", "a\nb", "a:b" };
        _cleanup_(guest_done) Guest g = {};

        USERNS_TEST_BEGIN();
        guest_init(&g);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                NatEntry e = { .ifname = names[i] };

                CHECK_ERR(link_create(names[i], host_id, g.netns_fd, &g.link), EINVAL);
                CHECK_ERR(nat_add(&e, NULL), EINVAL);
        }
        CHECK_ERR(nat_add(&(NatEntry) { .ifname = "\" } ; x" }, NULL), EINVAL);
        CHECK_ERR(nat_add(&(NatEntry) { .ifname = "a;b" }, NULL), EINVAL);
        CHECK(link_wanted(g.netns_fd) == 1);
}

static socklen_t socket_address(const InetRange *a, struct sockaddr_storage *ret) {
        *ret = (struct sockaddr_storage) { .ss_family = (sa_family_t) a->family };

        if (a->family == AF_INET) {
                struct sockaddr_in *in = (struct sockaddr_in *) ret;

                in->sin_port = htons(PORT);
                memcpy(&in->sin_addr, a->bytes, 4);
                return sizeof(*in);
        } else {
                struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) ret;

                in6->sin6_port = htons(PORT);
                memcpy(&in6->sin6_addr, a->bytes, 16);
                return sizeof(*in6);
        }
}

/* A datagram socket in a namespace, ours for -EBADF, bound to @address. */
static int bind_in(int netns_fd, const InetRange *address) {
        struct sockaddr_storage sa;
        _cleanup_close_ int own = -EBADF, fd = -EBADF;
        socklen_t n = socket_address(address, &sa);

        own = open("/proc/self/ns/net", O_RDONLY|O_CLOEXEC);
        CHECK_OK(own);
        if (netns_fd >= 0)
                CHECK_OK(setns(netns_fd, CLONE_NEWNET));
        fd = socket(address->family, SOCK_DGRAM|SOCK_CLOEXEC, 0);
        CHECK_OK(setns(own, CLONE_NEWNET));
        CHECK_OK(fd);
        CHECK_OK(bind(fd, (struct sockaddr *) &sa, n));
        return TAKE_FD(fd);
}

static void send_to(int fd, const InetRange *to, char what) {
        struct sockaddr_storage sa;
        socklen_t n = socket_address(to, &sa);

        (void) sendto(fd, &what, 1, MSG_DONTWAIT, (struct sockaddr *) &sa, n);
}

/* What has come in, or 0 after a while. Not before it was sent: the bytes say which is which. */
static char receive_from(int fd, InetRange *ret) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        struct sockaddr_storage sa = {};
        socklen_t n = sizeof(sa);
        char what;

        if (poll(&p, 1, PATIENCE_MSEC) <= 0)
                return 0;

        CHECK(recvfrom(fd, &what, 1, 0, (struct sockaddr *) &sa, &n) == 1);
        *ret = (InetRange) { .family = sa.ss_family };
        if (sa.ss_family == AF_INET)
                memcpy(ret->bytes, &((struct sockaddr_in *) &sa)->sin_addr, 4);
        else
                memcpy(ret->bytes, &((struct sockaddr_in6 *) &sa)->sin6_addr, 16);
        return what;
}

/* Returns what arrived: @what, or EVIL which should not have. */
static char deliver(int from, const InetRange *to, int at, char what, InetRange *ret_from) {
        for (unsigned i = 0; i < TRIES; i++) {
                char got;

                send_to(from, to, what);
                got = receive_from(at, ret_from);
                if (got == what || got == EVIL)
                        return got;
        }

        return 0;
}

static bool same_address(const InetRange *a, const InetRange *b) {
        return a->family == b->family && memcmp(a->bytes, b->bytes, inet_size(a->family)) == 0;
}

static void check_both_ways(int a, const InetRange *address_a, int b, const InetRange *address_b) {
        InetRange from = {};

        CHECK(deliver(a, address_b, b, 'x', &from) == 'x');
        CHECK(same_address(&from, address_a));
        CHECK(deliver(b, address_a, a, 'y', &from) == 'y');
        CHECK(same_address(&from, address_b));
}

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
        CHECK_OK(netlink_add_address(nl, find(-EBADF, "lo").ifindex, &taken));

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
                CHECK(nla_put_u32(msg, RTA_OIF, find(-EBADF, "lo").ifindex) == 0);
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
        CHECK_OK(netlink_set_link_up(nl, find(-EBADF, "lo").ifindex));
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
        near = find(-EBADF, "uplink").ifindex;
        far = find(w->netns_fd, "eth0").ifindex;
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
        CHECK_OK(netlink_add_address(nl, find(g.netns_fd, "host0").ifindex, &lie));
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
