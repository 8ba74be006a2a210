/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The link between host and guest, ve-NAME and host0, where no berthd makes it:
 * the pair alone, addresses are left to whoever configures networks here. */

#include "lib/base/ifname.h"
#include "lib/base/id128.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/process.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

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

static void undo(void *subject) {
        Run *run = subject;
        _cleanup_(netlink_closep) Netlink *nl = NULL;

        /* The kernel does it as well when the guest's namespace goes, but at its
         * leisure: the name would be taken when the machine starts anew. */
        if (run->veth > 0 && netlink_open(&nl) >= 0)
                (void) netlink_delete_link(nl, run->veth);
}

static int apply(void *subject) {
        Run *run = subject;
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
                undo(run);
        return r;
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->network_veth && !run_is_registered(run);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;
        char name[IFNAME_SIZE];

        (void) ifname_derive("ve-", run->spec->machine, name);
        (void) fprintf(f, "%s, " IFNAME_GUEST, name);
}

const Step step_net_veth = {
        .name = "net-veth",
        .stage = STAGE_LEADER,
        .wanted = wanted,
        .apply = apply,
        .undo = undo,
        .explain = explain,
};
