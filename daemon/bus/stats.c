/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/stats.h"

/* In the order in which they are told. */
static const struct {
        const char *key;
        CgroupStat stat;
        char type;
        unsigned factor;
} key_table[] = {
        { "CPUUsageNSec", CGROUP_CPU_USAGE_USEC, 't', NSEC_PER_USEC },
        { "CPUUserNSec", CGROUP_CPU_USER_USEC, 't', NSEC_PER_USEC },
        { "CPUSystemNSec", CGROUP_CPU_SYSTEM_USEC, 't', NSEC_PER_USEC },
        { "MemoryCurrent", CGROUP_MEMORY_CURRENT, 't', 1 },
        { "MemoryPeak", CGROUP_MEMORY_PEAK, 't', 1 },
        { "MemoryMax", CGROUP_MEMORY_MAX, 't', 1 },
        { "SwapCurrent", CGROUP_SWAP_CURRENT, 't', 1 },
        { "TasksCurrent", CGROUP_TASKS_CURRENT, 't', 1 },
        { "TasksMax", CGROUP_TASKS_MAX, 't', 1 },
        { "IOReadBytes", CGROUP_IO_READ, 't', 1 },
        { "IOWriteBytes", CGROUP_IO_WRITTEN, 't', 1 },
        { "OOMKills", CGROUP_OOM_KILLS, 't', 1 },
        { "Frozen", CGROUP_FROZEN, 'b', 1 },
};

static int write_number(sd_bus_message *m, const char *key, char type, uint64_t value) {
        return type == 'b' ? sd_bus_message_append(m, "{sv}", key, "b", (int) (value != 0))
                           : sd_bus_message_append(m, "{sv}", key, "t", value);
}

/* {sv}, with a dictionary of this kind in it, which is open afterwards. */
static int open_dictionary(sd_bus_message *m, const char *key, const char *type, const char *entry) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, type);

        return r < 0 ? r : sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, entry);
}

static int close_dictionary(sd_bus_message *m) {
        int r = 0;

        for (unsigned i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(m);

        return r;
}

static int write_links(sd_bus_message *m, const MachineStats *stats) {
        int r;

        r = open_dictionary(m, "Network", "a{s(tttttttt)}", "{s(tttttttt)}");
        for (size_t i = 0; i < stats->n_links && r >= 0; i++) {
                const NetlinkTraffic *l = &stats->links[i];

                r = sd_bus_message_append(m, "{s(tttttttt)}", l->name,
                                          l->received.bytes, l->received.packets, l->received.errors,
                                          l->received.dropped, l->sent.bytes, l->sent.packets,
                                          l->sent.errors, l->sent.dropped);
        }

        return r < 0 ? r : close_dictionary(m);
}

static int write_pressure(sd_bus_message *m, const char *of, const char *kind, const CgroupPressure *p) {
        char key[32];

        if (!p->is_known)
                return 0;

        (void) snprintf(key, sizeof(key), "%s-%s", of, kind);
        return sd_bus_message_append(m, "{s(dddt)}", key, p->avg10, p->avg60, p->avg300, p->total_usec);
}

static bool knows_pressure(const CgroupStats *g) {
        for (CgroupResource i = 0; i < _CGROUP_RESOURCE_MAX; i++)
                if (g->some[i].is_known || g->full[i].is_known)
                        return true;

        return false;
}

static int write_pressures(sd_bus_message *m, const CgroupStats *g) {
        int r;

        r = open_dictionary(m, "Pressure", "a{s(dddt)}", "{s(dddt)}");
        for (CgroupResource i = 0; i < _CGROUP_RESOURCE_MAX && r >= 0; i++) {
                r = write_pressure(m, cgroup_resource_to_string(i), "some", &g->some[i]);
                if (r >= 0)
                        r = write_pressure(m, cgroup_resource_to_string(i), "full", &g->full[i]);
        }

        return r < 0 ? r : close_dictionary(m);
}

int bus_write_stats(sd_bus_message *reply, const MachineStats *stats) {
        const CgroupStats *g = &stats->group;
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        for (size_t i = 0; i < ELEMENTSOF(key_table) && r >= 0; i++)
                if (g->is_known[key_table[i].stat])
                        r = write_number(reply, key_table[i].key, key_table[i].type,
                                         g->values[key_table[i].stat] * key_table[i].factor);
        if (r >= 0 && stats->n_links > 0)
                r = write_links(reply, stats);
        if (r >= 0 && knows_pressure(g))
                r = write_pressures(reply, g);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}
