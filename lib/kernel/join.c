/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/base/file.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/idmap.h"
#include "lib/kernel/join.h"
#include "lib/kernel/process.h"
#include "lib/kernel/pty.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* Where a child keeps its end of the pipe that it reports to us on. */
#define REPORT_FD 3

/* What children tell us, in one write() each: that they failed, and where, or
 * the pid of the program. All of it has been said when the pipe ends. */
typedef struct Report {
        pid_t pid;
        int error;
        JoinStage stage;
        int cgroup_error;
} Report;

/* All that must be looked up outside, before anything is entered. */
typedef struct Plan {
        const JoinRequest *request;
        int root_fd;
        int namespaces;                 /* CLONE_NEW*, those that differ from ours */
        char *cgroup;
        uint64_t bounding;              /* capabilities that the leader could have */
        bool no_new_privileges;
        int report_fd;
} Plan;

static void cap_freep(cap_t *caps) {
        if (*caps)
                (void) cap_free(*caps);
}

static void plan_done(Plan *plan) {
        closep(&plan->root_fd);
        closep(&plan->report_fd);
        free(plan->cgroup);
}

static const struct {
        const char *name;
        int flag;
} namespace_table[] = {
        { "user",       CLONE_NEWUSER },
        { "mnt",        CLONE_NEWNS },
        { "uts",        CLONE_NEWUTS },
        { "ipc",        CLONE_NEWIPC },
        { "net",        CLONE_NEWNET },
        { "pid",        CLONE_NEWPID },
        { "cgroup",     CLONE_NEWCGROUP },
        { "time",       CLONE_NEWTIME },
};

static int plan_namespaces(Plan *plan) {
        int r;

        for (size_t i = 0; i < ELEMENTSOF(namespace_table); i++) {
                r = process_shares_namespace(plan->request->leader, namespace_table[i].name);
                if (r == -ESRCH && process_is_alive(plan->request->leader))
                        continue; /* a kernel without namespaces of this kind */
                if (r < 0)
                        return r;
                if (r == 0)
                        plan->namespaces |= namespace_table[i].flag;
        }

        return 0;
}

static int plan_privileges(Plan *plan) {
        _cleanup_free_ char *status = NULL;
        unsigned long long bounding;
        unsigned no_new_privileges;
        const char *p, *q;
        int r;

        r = process_read(plan->request->leader, "status", &status);
        if (r < 0)
                return r;

        p = strstr(status, "\nCapBnd:");
        q = strstr(status, "\nNoNewPrivs:");
        if (!p || sscanf(p, "\nCapBnd: %llx", &bounding) != 1 ||
            !q || sscanf(q, "\nNoNewPrivs: %u", &no_new_privileges) != 1)
                return -EIO;

        plan->bounding = bounding;
        plan->no_new_privileges = no_new_privileges != 0;
        return 0;
}

static int plan_make(Plan *plan) {
        pid_t pid;
        int r;

        r = process_pid(plan->request->leader, &pid);
        if (r < 0)
                return r;

        plan->root_fd = process_open_root(plan->request->leader);
        if (plan->root_fd < 0)
                return plan->root_fd;

        r = plan_namespaces(plan);
        if (r < 0)
                return r;

        r = plan_privileges(plan);
        if (r < 0)
                return r;

        /* The host itself: its PID 1 shares all with us, and we belong where we are. */
        if (plan->namespaces != 0) {
                r = cgroup_of_process(pid, &plan->cgroup);
                if (r < 0 && r != -ENODATA)
                        return r;
        }

        /* All of the above went by its number. */
        return process_is_alive(plan->request->leader) ? 0 : -ESRCH;
}

/* The terminal was made by the host's root, whom a machine with users of its
 * own does not know: so it is given away from here. */
static int give_terminal(const JoinRequest *request) {
        _cleanup_free_ char *map = NULL;
        uint32_t uid;
        int r;

        if (!request->terminal)
                return 0;

        r = process_read(request->leader, "uid_map", &map);
        if (r < 0)
                return r;

        r = idmap_to_host(map, request->uid, &uid);
        if (r < 0)
                return r;

        return fchown(request->stdio[0], uid, (gid_t) -1) < 0 ? -errno : 0;
}

static _Noreturn void fail(int report_fd, JoinStage stage, int error) {
        Report report = { .error = error, .stage = stage };

        (void) fd_write_all(report_fd, &report, sizeof(report));
        _exit(EXIT_FAILURE);
}

/* The leader's root may lie below that of its namespace. Ours becomes that by
 * descriptor, whatever is at which path by now. */
static int enter_root(int root_fd) {
        return fchdir(root_fd) < 0 || chroot(".") < 0 ? -errno : 0;
}

/* Of the bounding set: while we may still do that. */
static int limit_privileges(const Plan *plan) {
        for (cap_value_t cap = 0; cap_valid(cap); cap++) {
                if (plan->bounding & UINT64_C(1) << cap)
                        continue;
                if (prctl(PR_CAPBSET_DROP, cap) < 0 && errno != EINVAL)
                        return -errno;
        }

        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        if (plan->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        return 0;
}

/* Of those that we have: exec() would only do it when the machine could have
 * looked at us with them already. */
static int drop_privileges(const Plan *plan) {
        _cleanup_(cap_freep) cap_t caps = NULL;
        cap_flag_value_t value;

        caps = cap_get_proc();
        if (!caps || cap_clear_flag(caps, CAP_INHERITABLE) < 0)
                return -errno;

        for (cap_value_t cap = 0; cap_valid(cap); cap++) {
                if (plan->bounding & UINT64_C(1) << cap)
                        continue;
                if (cap_get_flag(caps, cap, CAP_PERMITTED, &value) < 0)
                        continue; /* a newer one than libcap knows */
                if (cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, CAP_CLEAR) < 0 ||
                    cap_set_flag(caps, CAP_PERMITTED, 1, &cap, CAP_CLEAR) < 0)
                        return -errno;
        }

        return cap_set_proc(caps) < 0 ? -errno : 0;
}

static int become_user(const JoinRequest *request) {
        if (setgroups(request->n_groups, request->groups) < 0)
                return -errno;
        if (setresgid(request->gid, request->gid, request->gid) < 0)
                return -errno;

        return setresuid(request->uid, request->uid, request->uid) < 0 ? -errno : 0;
}

/* Leaves 0, 1, 2 and REPORT_FD, and closes all others. They are moved up
 * first, as one may sit where another has to go. */
static int arrange_descriptors(const int stdio[3], int report_fd) {
        int wanted[REPORT_FD + 1] = { stdio[0], stdio[1], stdio[2], report_fd };

        for (int i = 0; i <= REPORT_FD; i++) {
                wanted[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, REPORT_FD + 1);
                if (wanted[i] < 0)
                        return -errno;
        }

        for (int i = 0; i <= REPORT_FD; i++)
                if (dup3(wanted[i], i, i == REPORT_FD ? O_CLOEXEC : 0) < 0)
                        return -errno;

        return close_range(REPORT_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static void reset_signals(void) {
        struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int signo = 1; signo < NSIG; signo++)
                (void) sigaction(signo, &action, NULL);

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the pid namespace, and to be seen by the machine: only the last steps. */
static _Noreturn void run_program(const JoinRequest *request) {
        int r;

        if (request->terminal) {
                r = terminal_become_controlling(STDIN_FILENO);
                if (r < 0)
                        fail(REPORT_FD, JOIN_TERMINAL, r);
        } else
                (void) setsid();

        if (!request->directory || chdir(request->directory) < 0)
                (void) chdir("/");
        (void) umask(0022);
        reset_signals();

        (void) execve(request->program, request->argv, request->environment);
        fail(REPORT_FD, JOIN_EXEC, -errno);
}

/* The sibling, not the child, of the process that calls this: the caller of
 * join_start() becomes its parent, and the one between can go. */
static pid_t fork_sibling(void) {
        struct clone_args args = { .flags = CLONE_PARENT };

        return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

/* Enters everything but the pid namespace: that is for children only. */
static _Noreturn void run_joiner(const Plan *plan) {
        int r, report_fd = plan->report_fd;
        Report report = {};

        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                fail(report_fd, JOIN_PREPARE, -errno);
        r = give_terminal(plan->request);
        if (r < 0)
                fail(report_fd, JOIN_PREPARE, r);

        if (plan->namespaces != 0)
                report.cgroup_error = plan->cgroup ? cgroup_attach(plan->cgroup, 0) : -ENODATA;

        if (plan->namespaces != 0 && setns(plan->request->leader, plan->namespaces) < 0)
                fail(report_fd, JOIN_NAMESPACES, -errno);

        r = enter_root(plan->root_fd);
        if (r < 0)
                fail(report_fd, JOIN_ROOT, r);

        r = arrange_descriptors(plan->request->stdio, report_fd);
        if (r < 0)
                fail(report_fd, JOIN_PREPARE, r);
        report_fd = REPORT_FD;

        r = limit_privileges(plan);
        if (r < 0)
                fail(report_fd, JOIN_PRIVILEGES, r);

        r = become_user(plan->request);
        if (r < 0)
                fail(report_fd, JOIN_USER, r);

        r = drop_privileges(plan);
        if (r < 0)
                fail(report_fd, JOIN_PRIVILEGES, r);
        /* Changing users reset it, to what the host's administrator prefers. */
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

        report.pid = fork_sibling();
        if (report.pid < 0)
                fail(report_fd, JOIN_FORK, -errno);
        if (report.pid == 0)
                run_program(plan->request);

        (void) fd_write_all(report_fd, &report, sizeof(report));
        _exit(EXIT_SUCCESS);
}

static int read_reports(int fd, Report *ret) {
        _cleanup_free_ char *data = NULL;
        Report all = {}, one;
        size_t size;
        int r;

        r = fd_read_all(fd, 2 * sizeof(one), &data, &size);
        if (r < 0)
                return r;

        for (size_t i = 0; i + sizeof(one) <= size; i += sizeof(one)) {
                memcpy(&one, data + i, sizeof(one));
                if (one.error < 0) {
                        all.error = one.error;
                        all.stage = one.stage;
                } else {
                        all.pid = one.pid;
                        all.cgroup_error = one.cgroup_error;
                }
        }

        /* The machine's control group may have been killed meanwhile. */
        if (all.pid == 0 && all.error == 0)
                all.error = -ESRCH;

        *ret = all;
        return 0;
}

static void reap(pid_t pid) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

static int join_planned(Plan *plan, JoinResult *ret, JoinStage *ret_stage) {
        _cleanup_close_ int read_fd = -EBADF;
        Report report = {};
        int r, fds[2];
        pid_t joiner;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        plan->report_fd = fds[1];

        joiner = fork();
        if (joiner < 0)
                return -errno;
        if (joiner == 0)
                run_joiner(plan);

        closep(&plan->report_fd);
        plan->report_fd = -EBADF;

        r = read_reports(read_fd, &report);
        reap(joiner);
        if (r < 0)
                return r;
        if (report.error < 0) {
                *ret_stage = report.stage;
                if (report.pid > 0)
                        reap(report.pid);
                return report.error;
        }

        /* It is our child: its number stays its own until we reap it. */
        *ret = (JoinResult) {
                .pid = report.pid,
                .pidfd = process_open(report.pid),
                .cgroup_error = report.cgroup_error,
        };
        return ret->pidfd < 0 ? ret->pidfd : 0;
}

int join_start(const JoinRequest *request, JoinResult *ret, JoinStage *reterr_stage) {
        _cleanup_(plan_done) Plan plan = { .request = request, .root_fd = -EBADF, .report_fd = -EBADF };
        JoinStage stage = JOIN_PREPARE;
        JoinResult result;
        int r;

        assert(request);
        assert(ret);

        if (isempty(request->program) || !request->argv || !request->argv[0])
                return -EINVAL;

        r = plan_make(&plan);
        if (r >= 0)
                r = join_planned(&plan, &result, &stage);
        if (r < 0) {
                if (reterr_stage)
                        *reterr_stage = stage;
                return r;
        }

        *ret = result;
        return 0;
}

const char *join_stage_to_string(JoinStage stage) {
        static const char *const table[_JOIN_STAGE_MAX] = {
                [JOIN_PREPARE] = "prepare to enter it",
                [JOIN_NAMESPACES] = "enter its namespaces",
                [JOIN_ROOT] = "enter its root directory",
                [JOIN_PRIVILEGES] = "drop privileges",
                [JOIN_USER] = "become the user",
                [JOIN_FORK] = "start a process in it",
                [JOIN_TERMINAL] = "take the terminal",
                [JOIN_EXEC] = "execute the program",
        };

        return stage < _JOIN_STAGE_MAX ? table[stage] : NULL;
}
