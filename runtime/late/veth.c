/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/id128.h"
#include "lib/base/ifname.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/process.h"
#include "runtime/late/register.h"

/* The kernel takes its time to remove the link of a machine whose supervisor was killed. There is no
 * other machine of this name, or there were no control group for this one; but where the unit sees to
 * that, we do not know. */
static bool remove_stale(const Run *run, Netlink *nl, const NetlinkVeth *veth) {
        NetlinkLink link;
        int r;

        if (run->spec->keep_unit)
                return false;

        r = netlink_find_link(nl, veth->name, &link);
        if (r < 0)
                return r == -ENODEV;
        if (!streq(link.kind, "veth") || link.group != 0 ||
            memcmp(&link.mac, &veth->mac, sizeof(link.mac)) != 0)
                return false;

        r = netlink_delete_link(nl, link.ifindex);
        return r >= 0 || r == -ENODEV;
}

static int create(Run *run, Netlink *nl, const char *name, bool shortened) {
        _cleanup_close_ int netns_fd = -EBADF;
        NetlinkVeth veth;
        NetlinkLink link;
        Id128 host = {};
        int r;

        netns_fd = process_open_namespace(run->leader_pidfd, "net");
        if (netns_fd < 0)
                return netns_fd;

        /* A host without an id has the same addresses as any other such. */
        (void) id128_host_machine(&host);

        veth = (NetlinkVeth) {
                .name = name,
                .mac = mac_derive(MAC_VETH_HOST, host, run->spec->machine, 0),
                .peer_name = IFNAME_GUEST,
                .peer_mac = mac_derive(MAC_VETH_GUEST, host, run->spec->machine, 0),
                .peer_netns_fd = netns_fd,
        };
        r = netlink_create_veth(nl, &veth);
        if (r == -EEXIST && remove_stale(run, nl, &veth))
                r = netlink_create_veth(nl, &veth);
        if (r < 0)
                return r;

        r = netlink_find_link(nl, name, &link);
        if (r < 0)
                return r;

        run->veth = link.ifindex;
        if (!shortened)
                return 0;

        r = netlink_add_altname(nl, run->veth, run->spec->machine);
        return r == -EOPNOTSUPP ? 0 : r;
}

void veth_remove(Run *run) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;

        /* The kernel does it as well when the guest's namespace goes, but at its
         * leisure: the name would be taken when the machine starts anew. */
        if (run->veth > 0 && netlink_open(&nl) >= 0)
                (void) netlink_delete_link(nl, run->veth);
}

int veth_make(Run *run) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        char name[IFNAME_SIZE];
        int r, shortened;

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        shortened = ifname_derive("ve-", run->spec->machine, name);
        run_set_object(run, "%s", name);

        r = create(run, nl, name, shortened > 0);
        if (r < 0)
                veth_remove(run);
        return r;
}
