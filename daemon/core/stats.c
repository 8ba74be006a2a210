/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/stats.h"
#include "lib/base/errors.h"
#include "lib/kernel/netlink.h"

/* What the guest's part does not tell, as a controller is not handed down to it, the unit's group
 * does: it holds little else. Limits are mostly there. */
static int read_group(Machine *m, CgroupStats *stats) {
        const MachineInfo *info = machine_info(m);
        _cleanup_free_ char *part = NULL;
        int r;

        if (info->class == MACHINE_HOST)
                return cgroup_stats_read("/", stats);

        r = machine_info_part(info, &part);
        if (r < 0)
                return r;

        r = cgroup_stats_read(part, stats);
        if (r >= 0 && !streq(part, info->cgroup) && machine_info_holds_unit(info))
                r = cgroup_stats_read(info->cgroup, stats);

        return r;
}

static int error_of_group(int error) {
        switch (error) {
        case -ENOENT:
        case -ESRCH:
                return -E_NO_SUCH_MACHINE;
        case -ENOMEDIUM:
                return -EOPNOTSUPP;
        default:
                return error;
        }
}

/* A link that has gone is left out, or one that is in the guest, or of a number that never was one. */
static int read_links(const MachineInfo *info, MachineStats *stats) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        int r;

        if (info->n_ifindices == 0)
                return 0;

        stats->links = calloc(info->n_ifindices, sizeof(*stats->links));
        if (!stats->links)
                return -ENOMEM;

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        for (size_t i = 0; i < info->n_ifindices; i++) {
                NetlinkTraffic host;

                if (netlink_get_traffic(nl, (unsigned) info->ifindices[i], &host) < 0)
                        continue;

                /* What the host's end sends is what the guest's receives. */
                stats->links[stats->n_links] = host;
                stats->links[stats->n_links].received = host.sent;
                stats->links[stats->n_links++].sent = host.received;
        }

        return 0;
}

int machine_read_stats(Machine *m, MachineStats **ret) {
        _cleanup_(machine_stats_freep) MachineStats *stats = NULL;
        int r;

        assert(m);
        assert(ret);

        stats = calloc(1, sizeof(*stats));
        if (!stats)
                return -ENOMEM;

        r = read_group(m, &stats->group);
        if (r < 0)
                return error_of_group(r);

        r = read_links(machine_info(m), stats);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(stats);
        return 0;
}

MachineStats *machine_stats_free(MachineStats *s) {
        if (!s)
                return NULL;

        free(s->links);
        free(s);
        return NULL;
}
