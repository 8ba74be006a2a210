/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/stat.h>

#include "daemon/outside/link.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/netlink.h"

#define PREFIX "ve-"

/* What the host believes of its neighbors is not for a guest to decide. */
static const struct {
        const char *family;
        const char *name;
        const char *value;
} guards[] = {
        { "ipv6",       "accept_ra",            "0" },  /* else it gives the host a default route */
        { "ipv6",       "accept_redirects",     "0" },
        { "ipv4",       "accept_redirects",     "0" },
        { "ipv4",       "secure_redirects",     "0" },
        { "ipv4",       "accept_source_route",  "0" },
        { "ipv4",       "rp_filter",            "1" },  /* only from the addresses that lead there */
};

static bool is_in_our_groups(const NetlinkLink *l) {
        return l->group == LINK_GROUP || l->group == LINK_GROUP_DISCARDED;
}

static bool is_ours(const NetlinkLink *l, const char *machine, Id128 host) {
        Mac mac = mac_derive(MAC_VETH_HOST, host, machine, 0);

        return is_in_our_groups(l) && memcmp(&l->mac, &mac, sizeof(mac)) == 0;
}

static int netns_is_ours(int netns_fd) {
        struct stat own, other;

        if (stat("/proc/thread-self/ns/net", &own) < 0)
                return -errno;
        if (fstat(netns_fd, &other) < 0)
                return -errno;

        return own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

int link_wanted(int netns_fd) {
        _cleanup_(netlink_closep) Netlink *guest = NULL;
        NetlinkLink l;
        int r;

        assert(netns_fd >= 0);

        r = netns_is_ours(netns_fd);
        if (r < 0)
                return r;
        if (r > 0)
                return 0;

        r = netlink_open_in(netns_fd, &guest);
        if (r < 0)
                return r;

        r = netlink_find_link(guest, IFNAME_GUEST, &l);
        if (r == -ENODEV)
                return 1;

        return r < 0 ? r : 0;
}

static int guard(const char *ifname) {
        for (size_t i = 0; i < ELEMENTSOF(guards); i++) {
                _cleanup_free_ char *path = NULL;
                int r;

                r = text_printf(&path, "/proc/sys/net/%s/conf/%s/%s",
                                guards[i].family, ifname, guards[i].name);
                if (r < 0)
                        return r;

                /* A kernel without the family needs no guard against it. */
                r = file_write(path, guards[i].value);
                if (r < 0 && r != -ENOENT)
                        return r;
        }

        return 0;
}

/* Removes the link of this name if it is ours: 1 if it was, 0 if there is none. */
static int remove_stale(Netlink *nl, const char *ifname, const char *machine, Id128 host) {
        NetlinkLink l;
        int r;

        r = netlink_find_link(nl, ifname, &l);
        if (r == -ENODEV)
                return 0;
        if (r < 0)
                return r;
        if (!is_ours(&l, machine, host))
                return -EEXIST;

        r = netlink_delete_link(nl, l.ifindex);
        if (r < 0 && r != -ENODEV)
                return r;

        return 1;
}

static int create(Netlink *nl, const char *ifname, const char *machine, Id128 host, int netns_fd) {
        NetlinkVeth veth = {
                .name = ifname,
                .mac = mac_derive(MAC_VETH_HOST, host, machine, 0),
                .group = LINK_GROUP,
                .peer_name = IFNAME_GUEST,
                .peer_mac = mac_derive(MAC_VETH_GUEST, host, machine, 0),
                .peer_netns_fd = netns_fd,
        };
        int r;

        r = netlink_create_veth(nl, &veth);
        if (r != -EEXIST)
                return r;

        r = remove_stale(nl, ifname, machine, host);
        if (r < 0)
                return r;

        /* Also if there was none: a namespace that was going away has taken it along. */
        return netlink_create_veth(nl, &veth);
}

/* Names for people. A link without them works as well. */
static void decorate(Netlink *nl, const char *machine, bool shortened, Link *l) {
        char alias[LINK_ALTNAME_SIZE];

        (void) snprintf(alias, sizeof(alias), "berth: %s", machine);
        (void) netlink_set_link_alias(nl, l->ifindex, alias);

        if (!shortened)
                return;

        (void) snprintf(l->altname, sizeof(l->altname), PREFIX "%s", machine);
        if (netlink_add_altname(nl, l->ifindex, l->altname) < 0)
                l->altname[0] = '\0';
}

int link_create(const char *machine, Id128 host, int netns_fd, Link *ret) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        NetlinkLink made;
        Link l = {};
        bool shortened;
        int r;

        assert(machine);
        assert(netns_fd >= 0);
        assert(ret);

        shortened = ifname_derive(PREFIX, machine, l.name) > 0;
        if (!ifname_is_valid(l.name))
                return -EINVAL;

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        r = create(nl, l.name, machine, host, netns_fd);
        if (r < 0)
                return r;

        r = netlink_find_link(nl, l.name, &made);
        if (r < 0)
                return r;

        l.ifindex = made.ifindex;

        r = guard(l.name);
        if (r < 0) {
                (void) netlink_delete_link(nl, l.ifindex);
                return r;
        }

        decorate(nl, machine, shortened, &l);

        *ret = l;
        return 0;
}

/* Returns 1 if there is one that is ours. */
static int find_own(Netlink *nl, const char *machine, Id128 host, unsigned ifindex, NetlinkLink *ret) {
        char name[IFNAME_SIZE];
        NetlinkLink l;
        int r;

        (void) ifname_derive(PREFIX, machine, name);

        r = ifindex > 0 ? netlink_get_link(nl, ifindex, &l) : netlink_find_link(nl, name, &l);
        if (r == -ENODEV)
                return 0;
        if (r < 0)
                return r;
        if (!is_ours(&l, machine, host))
                return 0;

        *ret = l;
        return 1;
}

/* Its namespace may be going away at the same time, and take it along. */
static int unless_gone(int r) {
        if (r == -ENODEV)
                return 0;

        return r < 0 ? r : 1;
}

int link_discard(const char *machine, Id128 host, unsigned ifindex) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        NetlinkLink l;
        int r;

        assert(machine);

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        r = find_own(nl, machine, host, ifindex, &l);
        if (r <= 0)
                return r;

        return unless_gone(netlink_set_link_group(nl, l.ifindex, LINK_GROUP_DISCARDED));
}

static int flush(Netlink *nl) {
        int r;

        r = netlink_delete_links(nl, LINK_GROUP_DISCARDED);
        return r == -ENODEV ? 0 : r;
}

int link_flush(void) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        int r;

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        return flush(nl);
}

static bool is_kept(const unsigned *kept, size_t n_kept, unsigned ifindex) {
        for (size_t i = 0; i < n_kept; i++)
                if (kept[i] == ifindex)
                        return true;

        return false;
}

int link_sweep(const unsigned *kept, size_t n_kept) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        _cleanup_free_ NetlinkLink *links = NULL;
        int r, n_left = 0;
        size_t n;

        assert(kept || n_kept == 0);

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        r = netlink_list_veths(nl, &links, &n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                if (!is_in_our_groups(&links[i]) || is_kept(kept, n_kept, links[i].ifindex))
                        continue;

                r = unless_gone(netlink_set_link_group(nl, links[i].ifindex, LINK_GROUP_DISCARDED));
                if (r < 0)
                        return r;
                n_left += r;
        }

        r = flush(nl);
        return r < 0 ? r : n_left;
}
