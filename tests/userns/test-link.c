/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/link.h"
#include "daemon/outside/nat.h"
#include "lib/kernel/netlink-link.h"
#include "tests/userns/guest.h"
#include "tests/userns/userns.h"

#define LONG_NAME "a-very-long-container-name"

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
        l = find_link(-EBADF, "ve-web");
        CHECK(l.ifindex == g.link.ifindex);
        CHECK(l.group == LINK_GROUP);
        check_mac(l.mac, MAC_VETH_HOST, "web");
        check_mac(find_link(g.netns_fd, "host0").mac, MAC_VETH_GUEST, "web");

        CHECK_OK(link_create(LONG_NAME, host_id, h.netns_fd, &h.link));
        CHECK_STREQ(h.link.name, "ve-a-very-lA4-6");
        CHECK_STREQ(h.link.altname, "ve-" LONG_NAME);
        check_mac(find_link(-EBADF, h.link.name).mac, MAC_VETH_HOST, LONG_NAME);
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
        ifindex = find_link(-EBADF, "ve-web").ifindex;

        CHECK_ERR(link_create("web", host_id, h.netns_fd, &h.link), EEXIST);
        CHECK(drop_link("web", 0) == 0);
        CHECK(drop_link("web", ifindex) == 0);
        CHECK(link_sweep(NULL, 0) == 0);
        CHECK(find_link(-EBADF, "ve-web").ifindex == ifindex);
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
        CHECK(find_link(-EBADF, "ve-a").ifindex == again.link.ifindex);
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

TEST_MAIN()
