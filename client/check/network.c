/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The link between host and guest: items 24 to 26. */

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>

#include "client/check/item.h"
#include "lib/base/file.h"
#include "lib/base/ifname.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/netlink.h"
#include "lib/kernel/process.h"

/* Of addr_assign_type in sysfs: whoever made the interface has chosen its address. */
#define ADDRESS_SET 3

/* The veth interfaces of the guest; false if that is all that can be said. */
static bool list_veths(const Subject *s, Answer *a, NetlinkLink **ret, size_t *ret_n) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!subject_has_own(s, "net")) {
                answer_not_applicable(a, "it is in the host's network namespace");
                return false;
        }

        fd = process_open_namespace(s->leader, "net");
        r = fd < 0 ? fd : netlink_open_in(fd, &nl);
        if (r >= 0)
                r = netlink_list_veths(nl, ret, ret_n);
        if (r < 0) {
                answer_error(a, "network namespace", r);
                return false;
        }

        if (*ret_n == 0)
                answer_not_applicable(a, "it has no veth interface");
        return *ret_n > 0;
}

static const NetlinkLink *find_link(const NetlinkLink *links, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (streq(links[i].name, name))
                        return &links[i];

        return NULL;
}

static void look_guest(const Subject *s, Answer *a) {
        _cleanup_free_ NetlinkLink *links = NULL;
        const NetlinkLink *link;
        size_t n;

        if (!list_veths(s, a, &links, &n))
                return;

        link = find_link(links, n, IFNAME_GUEST);
        answer_if(a, link, "the guest has veth interface %s", link ? link->name : links[0].name);
}

static int read_number(int sys_fd, const char *interface, const char *attribute, unsigned *ret) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = text_printf(&path, "class/net/%s/%s", interface, attribute);
        if (r < 0)
                return r;

        fd = openat(sys_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = fd_read_all(fd, 64, &text, NULL);
        if (r < 0)
                return r;

        text[strcspn(text, "\n")] = '\0';
        return parse_unsigned(text, UINT_MAX, ret);
}

/* A sysfs shows the interfaces of the namespace that it is mounted from; nobody else sees this one. */
static int open_sys(void) {
        return mount_new("sysfs", NULL, MOUNT_ATTR_HARMLESS | MOUNT_ATTR_RDONLY);
}

typedef struct Pair {
        NetlinkLink guest, host;
        unsigned guest_assigned, host_assigned;
} Pair;

/* The last thing that is done here: from then on we are in the guest's namespace. */
static int read_pair(const Subject *s, const NetlinkLink *guest, Pair *ret) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        unsigned peer;
        int r;

        r = netlink_open(&nl);
        ours = open_sys();
        if (r >= 0)
                r = ours < 0 ? ours : subject_join(s, CLONE_NEWNET);
        if (r < 0)
                return r;

        theirs = open_sys();
        if (theirs < 0)
                return theirs;

        ret->guest = *guest;
        r = read_number(theirs, guest->name, "iflink", &peer);
        if (r >= 0)
                r = read_number(theirs, guest->name, "addr_assign_type", &ret->guest_assigned);
        if (r >= 0)
                r = netlink_get_link(nl, peer, &ret->host);
        if (r >= 0)
                r = read_number(ours, ret->host.name, "addr_assign_type", &ret->host_assigned);

        return r;
}

static bool get_pair(const Subject *s, Answer *a, Pair *ret) {
        _cleanup_free_ NetlinkLink *links = NULL;
        const NetlinkLink *link;
        size_t n;
        int r;

        if (!list_veths(s, a, &links, &n))
                return false;

        link = find_link(links, n, IFNAME_GUEST);
        r = read_pair(s, link ? link : &links[0], ret);
        if (r == -ENODEV || (r >= 0 && !streq(ret->host.kind, "veth")))
                answer_unknown(a, "the other end is not in our network namespace");
        else if (r < 0)
                answer_error(a, "veth", r);

        return r >= 0 && streq(ret->host.kind, "veth");
}

static void look_host(const Subject *s, Answer *a) {
        char plain[IFNAME_SIZE], bridged[IFNAME_SIZE];
        Pair pair;

        if (!get_pair(s, a, &pair))
                return;
        if (!s->name)
                return answer_if(a, startswith(pair.host.name, "ve-") || startswith(pair.host.name, "vb-"),
                                 "the host has %s, the machine no name that we know", pair.host.name);

        (void) ifname_derive("ve-", s->name, plain);
        (void) ifname_derive("vb-", s->name, bridged);
        answer_if(a, streq(pair.host.name, plain) || streq(pair.host.name, bridged),
                  "the host has %s, expected is %s", pair.host.name, plain);
}

static void look_addresses(const Subject *s, Answer *a) {
        char guest[MAC_STRING_SIZE], host[MAC_STRING_SIZE];
        Pair pair;

        if (!get_pair(s, a, &pair))
                return;

        answer_if(a, pair.guest_assigned == ADDRESS_SET && pair.host_assigned == ADDRESS_SET,
                  "%s %s %s, %s %s %s", pair.guest.name, mac_format(pair.guest.mac, guest),
                  pair.guest_assigned == ADDRESS_SET ? "set" : "random",
                  pair.host.name, mac_format(pair.host.mac, host),
                  pair.host_assigned == ADDRESS_SET ? "set" : "random");
}

const Item network_items[] = {
        { 24, "the guest's end is host0", "netlink in its network namespace", look_guest },
        { 25, "the host's end is ve-NAME", "iflink of the other end", look_host },
        { 26, "both have addresses that stay", "addr_assign_type", look_addresses },
        {}
};
