/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>

#include "daemon/core/machine.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"

/* SIGKILL to one process after the other: so often, for those that are being forked. */
#define KILL_ROUNDS_MAX 8

struct Machine {
        MachineInfo info;
        IdMap id_maps[_ID_KIND_MAX];
        Sight sight;
        MachineWatch watch;
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
        free(info->subgroup);
        free(info->ifindices);
        free(info->ssh_address);
        free(info->ssh_private_key_path);
        free(info->control_address);
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
        for (IdKind kind = 0; kind < _ID_KIND_MAX; kind++)
                idmap_done(&m->id_maps[kind]);
        sight_done(&m->sight);
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

MachineWatch *machine_watch(Machine *m) {
        return &m->watch;
}

Sight *machine_sight(Machine *m) {
        return &m->sight;
}

IdMap *machine_id_map(Machine *m, IdKind kind) {
        return &m->id_maps[kind];
}

/* nspawn before 258 has registered its guest before it divided the unit. */
static bool is_divided(const char *cgroup) {
        static const char *const parts[] = { "supervisor", "payload" };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                _cleanup_close_ int fd = -EBADF;
                _cleanup_free_ char *path = NULL;

                if (text_printf(&path, "%s/%s", cgroup, parts[i]) < 0)
                        return false;

                fd = cgroup_open(path);
                if (fd < 0)
                        return false;
        }

        return true;
}

int machine_info_part(const MachineInfo *info, char **ret) {
        const char *part;
        int r;

        assert(info);
        assert(ret);

        if (!info->cgroup)
                return -ESRCH;

        part = info->subgroup ?: is_divided(info->cgroup) ? "payload" : NULL;
        r = text_printf(ret, "%s%s%s", info->cgroup, part ? "/" : "", part ?: "");
        return r < 0 ? r : part != NULL;
}

bool machine_is_frozen(const Machine *m) {
        _cleanup_free_ char *part = NULL;

        assert(m);

        if (m->info.class == MACHINE_HOST || machine_info_part(&m->info, &part) < 0)
                return false;

        return cgroup_is_frozen(part) > 0;
}

bool machine_info_holds_unit(const MachineInfo *info) {
        if (info->owns_scope)
                return true;
        if (info->uid != 0)
                return false;

        /* What is in the slice is there for machines: nspawn and berth-run divide such
         * units into their own part and the guest's. */
        return !info->subgroup || (info->cgroup && startswith(info->cgroup, "/machine.slice/"));
}

bool machine_info_stands_for_unit(const MachineInfo *info) {
        if (info->owns_scope)
                return true;
        if (info->uid != 0)
                return false;

        /* A user's service manager is one unit, with all that the user runs below it. */
        return !info->subgroup || (info->cgroup && !startswith(info->cgroup, "/user.slice/"));
}

/* In processes that root's machines, or scopes that we have made, share with nobody. */
static int kill_group(const char *path, int signo) {
        int r;

        /* Whoever forks while we signal one after the other would escape. */
        if (signo == SIGKILL)
                return cgroup_kill_all(path);

        r = cgroup_signal(path, signo, CGROUP_ANY_OWNER);
        return r == 0 ? -ESRCH : r;
}

static int kill_owned(const char *path, int signo, uid_t owner) {
        int r, n = 0;

        for (unsigned i = 0; i < KILL_ROUNDS_MAX; i++) {
                r = cgroup_signal(path, signo, owner);
                if (r < 0)
                        return r;

                n += r;
                if (r == 0 || signo != SIGKILL)
                        break;
        }

        return n == 0 ? -ESRCH : 0;
}

static int kill_all(const MachineInfo *info, int signo) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (!info->cgroup)
                return -ESRCH;

        r = text_printf(&path, "%s%s%s", info->cgroup, info->subgroup ? "/" : "", info->subgroup ?: "");
        if (r < 0)
                return r;

        r = info->uid == 0 || info->owns_scope ? kill_group(path, signo)
                                               : kill_owned(path, signo, info->uid);
        if (r == -ENOENT)
                return -ESRCH;

        return r < 0 ? r : 0;
}

/* A process of a user's that we were told of may have become somebody else's since, by sudo. */
static int kill_one(const MachineInfo *info, int pidfd, int signo) {
        int r;

        if (info->uid != 0) {
                r = process_is_owned_by(pidfd, info->uid);
                if (r <= 0)
                        return r < 0 ? r : -EACCES;
        }

        return process_signal(pidfd, signo);
}

static int kill_supervisor(const MachineInfo *info, int signo) {
        _cleanup_close_ int pidfd = -EBADF;

        if (info->supervisor <= 0)
                return -ESRCH;

        pidfd = process_open_identified(info->supervisor, &info->supervisor_identity);
        return pidfd < 0 ? pidfd : kill_one(info, pidfd, signo);
}

/* Whether a process listens to systemd's word for a request to power off. */
static bool hears_poweroff(int pidfd) {
        ProcessSignals signals;

        return process_signals(pidfd, &signals) >= 0 &&
               process_shutdown_signal(&signals) == SIGRTMIN + 3 &&
               (signals.caught | signals.blocked) & SIGNAL_BIT(SIGRTMIN + 4);
}

/* Of an init that knows other words berth-run knows which. */
static bool is_passed_on(const Machine *m, int signo) {
        return signo == SIGRTMIN + 4 && streq_ptr(m->info.service, "berth-run") &&
               m->info.supervisor > 0 && !hears_poweroff(m->leader_fd);
}

int machine_kill(Machine *m, KillWhom whom, int signo) {
        assert(m);

        if (signo <= 0 || signo >= NSIG)
                return -EINVAL;
        if (m->info.class == MACHINE_HOST)
                return -EOPNOTSUPP;

        switch (whom) {
        case KILL_LEADER:
                return is_passed_on(m, signo) ? kill_supervisor(&m->info, signo)
                                              : kill_one(&m->info, m->leader_fd, signo);
        case KILL_SUPERVISOR:
                return kill_supervisor(&m->info, signo);
        default:
                return kill_all(&m->info, signo);
        }
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
        else if (streq(s, "supervisor"))
                *ret = KILL_SUPERVISOR;
        else if (streq(s, "all") || isempty(s))
                *ret = KILL_ALL;
        else
                return -EINVAL;

        return 0;
}
