/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What was there before this daemon was, as the state files tell. */

#include "daemon/core/manager-private.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static void collect(Manager *m, MachineInfo *info, bool has_failed) {
        Creation c = manager_creation(m, info, -EBADF);

        c.has_failed = has_failed;
        log_info("Removing what was left of machine '%s'", info->name);
        manager_undo(m, &c);
}

static int open_leader(const MachineInfo *info) {
        /* Machined 252 notes no identity: there, the number has to do, and the unit. */
        if (info->leader_identity.pidfd_id == 0 && info->leader_identity.start_time == 0)
                return process_open(info->leader);

        return process_open_identified(info->leader, &info->leader_identity);
}

/* Takes over @info if it returns 0. */
static int bring_back(Manager *m, MachineInfo *info) {
        _cleanup_(machine_freep) Machine *machine = NULL;
        _cleanup_close_ int leader_fd = -EBADF;
        int r;

        leader_fd = open_leader(info);
        if (leader_fd < 0)
                return leader_fd;
        if (!process_is_alive(leader_fd))
                return -ESRCH;

        r = process_identify(leader_fd, &info->leader_identity);
        if (r < 0)
                return r;

        r = machine_info_locate(info);
        if (r < 0)
                return r;

        r = machine_new(info, leader_fd, &machine);
        if (r < 0)
                return r;
        TAKE_FD(leader_fd);

        r = manager_add_running(m, machine);
        if (r < 0) {
                /* Back to the caller, who removes what was made for it. */
                *info = *machine_info(machine);
                *machine_info_edit(machine) = (MachineInfo) {};
                return r;
        }

        manager_tell_added(m, machine);
        if (machine_info(machine)->stop_at > 0)
                manager_stop_further(m, machine);

        TAKE_PTR(machine);
        return 0;
}

static void load_one(Manager *m, const char *name) {
        MachineInfo info = {};
        bool runs;
        int r;

        r = state_load(&m->state, name, &info, &runs);
        if (r < 0) {
                (void) log_warning(r, "Ignoring what is noted of machine '%s'", name);
                return;
        }

        r = runs ? bring_back(m, &info) : -ESRCH;
        if (r < 0)
                collect(m, &info, !runs);

        machine_info_done(&info);
}

int manager_load(Manager *m) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        assert(m);

        r = state_list(&m->state, &names);
        if (r < 0)
                return r;

        for (char **name = names; *name; name++)
                load_one(m, *name);

        return 0;
}
