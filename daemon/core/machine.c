/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>

#include "daemon/core/machine.h"
#include "lib/kernel/cgroup.h"

struct Machine {
        MachineInfo info;
        MachineState state;
        int leader_fd;
};

static const char *const class_table[_MACHINE_CLASS_MAX] = {
        [MACHINE_CONTAINER] = "container",
        [MACHINE_VM] = "vm",
        [MACHINE_HOST] = "host",
};

static const char *const state_table[_MACHINE_STATE_MAX] = {
        [MACHINE_OPENING] = "opening",
        [MACHINE_RUNNING] = "running",
        [MACHINE_CLOSING] = "closing",
};

void machine_info_done(MachineInfo *info) {
        assert(info);

        free(info->name);
        free(info->service);
        free(info->root_directory);
        free(info->unit);
        free(info->cgroup);
        free(info->ifindices);
        free(info->host_interface);
        free(info->address4);
        free(info->address6);
        free(info->journal_link);
        free(info->journal_root);
        *info = (MachineInfo) {};
}

int machine_new(MachineInfo *info, int leader_fd, Machine **ret) {
        Machine *m;

        assert(info);
        assert(ret);

        m = malloc(sizeof(*m));
        if (!m)
                return -ENOMEM;

        *m = (Machine) { .info = *info, .leader_fd = leader_fd, .state = MACHINE_OPENING };
        *info = (MachineInfo) {};

        *ret = m;
        return 0;
}

Machine *machine_free(Machine *m) {
        if (!m)
                return NULL;

        closep(&m->leader_fd);
        machine_info_done(&m->info);
        free(m);
        return NULL;
}

const MachineInfo *machine_info(const Machine *m) {
        return &m->info;
}

MachineInfo *machine_info_edit(Machine *m) {
        return &m->info;
}

void machine_set_state(Machine *m, MachineState state) {
        m->state = state;
}

MachineState machine_state(const Machine *m) {
        return m->state;
}

int machine_leader_fd(const Machine *m) {
        return m->leader_fd;
}

static int kill_all(const char *cgroup, int signo) {
        int r;

        /* Whoever forks while we signal one after the other would escape. */
        if (signo == SIGKILL)
                return cgroup_kill_all(cgroup);

        r = cgroup_signal(cgroup, signo);
        if (r == -ENOENT || r == 0)
                return -ESRCH;

        return r < 0 ? r : 0;
}

int machine_kill(Machine *m, KillWhom whom, int signo) {
        assert(m);

        if (signo <= 0 || signo >= NSIG)
                return -EINVAL;
        if (m->info.class == MACHINE_HOST)
                return -EOPNOTSUPP;
        if (whom == KILL_LEADER)
                return process_signal(m->leader_fd, signo);
        if (!m->info.cgroup)
                return -ESRCH;

        return kill_all(m->info.cgroup, signo);
}

int machine_open_root(Machine *m) {
        int fd;

        assert(m);

        switch (m->info.class) {
        case MACHINE_CONTAINER:
                return process_open_root(m->leader_fd);

        case MACHINE_HOST:
                /* Not "/": the daemon may see less of the host than the host does. */
                fd = open("/proc/1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
                return fd < 0 ? -errno : fd;

        default:
                return -EOPNOTSUPP;
        }
}

const char *machine_class_to_string(MachineClass class) {
        return class_table[class];
}

const char *machine_state_to_string(MachineState state) {
        return state_table[state];
}

int machine_class_from_string(const char *s, MachineClass *ret) {
        assert(s);
        assert(ret);

        if (streq(s, class_table[MACHINE_CONTAINER]))
                *ret = MACHINE_CONTAINER;
        else if (streq(s, class_table[MACHINE_VM]))
                *ret = MACHINE_VM;
        else
                return -EINVAL;

        return 0;
}

int kill_whom_from_string(const char *s, KillWhom *ret) {
        assert(s);
        assert(ret);

        if (streq(s, "leader"))
                *ret = KILL_LEADER;
        else if (streq(s, "all") || isempty(s))
                *ret = KILL_ALL;
        else
                return -EINVAL;

        return 0;
}
