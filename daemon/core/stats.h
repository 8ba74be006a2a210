/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Statistics
 *
 * What a machine uses, as the kernel counts it outside of the machine: in its
 * control group, and at the host's ends of its links. Nothing is asked of the
 * guest, so this takes no time, whatever it does.
 */

#include "daemon/core/machine.h"
#include "lib/kernel/cgroup-stats.h"
#include "lib/kernel/netlink-link.h"

typedef struct MachineStats {
        CgroupStats group;
        NetlinkTraffic *links;          /* as the guest sees it: what it has received, and sent */
        size_t n_links;
} MachineStats;

/**
 * machine_read_stats() - read what a machine uses
 * @m:                  the machine, or the host
 * @ret:                return location for the answer; free by machine_stats_free()
 *
 * Of the host it is the root of all control groups, which has no limits and counts
 * less than others, and no links.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_SUCH_MACHINE   it is about to go: its control group has
 *         -EOPNOTSUPP          there is no unified hierarchy
 *         others               what opening a netlink socket runs into
 */
int machine_read_stats(Machine *m, MachineStats **ret);

MachineStats *machine_stats_free(MachineStats *s);
DEFINE_CLEANUP(MachineStats, machine_stats_free);
