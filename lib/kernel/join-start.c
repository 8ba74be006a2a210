/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/idmap.h"
#include "lib/kernel/join-private.h"
#include "lib/kernel/kept-filter.h"
#include "lib/kernel/process.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* What those who are killed may take to be gone. */
#define REAP_MSEC 1000

static void plan_done(JoinPlan *plan) {
        if (plan->report)
                (void) munmap(plan->report, sizeof(*plan->report));
        closep(&plan->root_fd);
        closep(&plan->cgroup_fd);
        closep(&plan->report_fd);
        free(plan->cgroup);
        for (LabelModule m = 0; m < _LABEL_MODULE_MAX; m++)
                free(plan->labels[m]);
        syscall_program_done(&plan->filter);
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

static int plan_namespaces(JoinPlan *plan) {
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

static int plan_privileges(JoinPlan *plan) {
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

/* Without CAP_SYS_RESOURCE those of other users are none of our business: then ours hold. */
static int plan_limits(JoinPlan *plan, pid_t pid) {
        for (int i = 0; i < (int) RLIM_NLIMITS; i++)
                if (prlimit(pid, (__rlimit_resource_t) i, NULL, &plan->limits[i]) < 0 &&
                    (errno != EPERM || getrlimit((__rlimit_resource_t) i, &plan->limits[i]) < 0))
                        return -errno;

        return 0;
}

/* Who is born there is as frozen as all others, and never gets anywhere. */
static bool is_frozen(const JoinPlan *plan) {
        _cleanup_free_ char *events = NULL;

        return plan->cgroup && cgroup_read(plan->cgroup, "cgroup.events", &events) >= 0 &&
               strstr(events, "frozen 1");
}

static int plan_cgroup(JoinPlan *plan, pid_t pid) {
        int r;

        /* The host itself: its PID 1 shares all with us, and we belong where we are. */
        if (plan->namespaces == 0)
                return 0;

        r = cgroup_of_process(pid, &plan->cgroup);
        if (r < 0)
                return r == -ENODATA ? 0 : r;

        plan->cgroup_fd = cgroup_open(plan->cgroup);
        return is_frozen(plan) ? -E_MACHINE_FROZEN : 0;
}

static int plan_report(JoinPlan *plan) {
        void *p;

        p = mmap(NULL, sizeof(*plan->report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return -errno;

        plan->report = p;
        return 0;
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

static int plan_make(JoinPlan *plan) {
        pid_t pid;
        int r;

        r = process_pid(plan->request->leader, &pid);
        if (r < 0)
                return r;

        plan->root_fd = process_open_root(plan->request->leader);
        if (plan->root_fd < 0)
                return plan->root_fd;

        r = plan_namespaces(plan);
        if (r >= 0)
                r = plan_privileges(plan);
        if (r >= 0 && plan->namespaces != 0)
                r = kept_filter_find(plan->request->leader, &plan->filter);
        for (LabelModule m = 0; r >= 0 && m < _LABEL_MODULE_MAX && plan->namespaces != 0; m++)
                r = label_of_process(plan->request->leader, m, &plan->labels[m]);
        if (r >= 0)
                r = plan_limits(plan, pid);
        if (r >= 0)
                r = plan_cgroup(plan, pid);
        if (r >= 0)
                r = plan_report(plan);
        if (r >= 0)
                r = give_terminal(plan->request);
        if (r < 0)
                return r;

        /* All of the above went by its number. */
        return process_is_alive(plan->request->leader) ? 0 : -ESRCH;
}

static pid_t clone_into_cgroup(int cgroup_fd) {
        struct clone_args args = {
                .flags = CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
                .cgroup = (unsigned) cgroup_fd,
        };

        return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

/* Born there, if that is possible: moving costs more than all the rest. */
static pid_t start_joiner(const JoinPlan *plan) {
        pid_t pid = -1, parent = getpid();

        if (plan->cgroup_fd >= 0) {
                pid = clone_into_cgroup(plan->cgroup_fd);
                if (pid == 0)
                        join_enter(plan, parent, /* is_in_cgroup= */ true);
                if (pid < 0 && errno == EAGAIN) /* it has its limit of processes */
                        return -EAGAIN;
        }

        if (pid < 0) {
                pid = fork();
                if (pid == 0)
                        join_enter(plan, parent, /* is_in_cgroup= */ false);
        }

        return pid < 0 ? -errno : pid;
}

/* Until nobody has the other end: the program runs, or nothing of ours does. */
static int wait_for_end(int fd, uint64_t limit_usec) {
        struct pollfd poller = { .fd = fd, .events = POLLIN };
        int r;

        r = clock_poll(&poller, 1, limit_usec == 0 ? UINT64_MAX : clock_now_usec() + limit_usec);
        return r == 0 ? -ETIMEDOUT : MIN(r, 0);
}

/* Kills a child of ours, whose number is its own until it is reaped. One that hangs in the
 * machine's file system ends when that lets it go. */
static void end(pid_t pid) {
        struct pollfd poller = { .events = POLLIN };

        poller.fd = process_open(pid);
        if (poller.fd < 0)
                return;

        (void) process_signal(poller.fd, SIGKILL);
        if (poll(&poller, 1, REAP_MSEC) > 0)
                (void) waitpid(pid, NULL, 0);
        closep(&poller.fd);
}

static void reap(pid_t pid) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

/* A machine that may look into others' memory could have written there, too. */
static bool is_our_child(pid_t pid) {
        siginfo_t info;

        return pid > 0 && waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) >= 0;
}

static int take_program(const JoinReport *report, JoinResult *ret, JoinStage *ret_stage) {
        if (report->error < 0) {
                *ret_stage = MIN(report->stage, (JoinStage) (_JOIN_STAGE_MAX - 1));
                if (is_our_child(report->pid))
                        reap(report->pid);
                return report->error;
        }

        /* The machine's control group may have been killed meanwhile. */
        if (!is_our_child(report->pid))
                return -ESRCH;

        *ret = (JoinResult) {
                .pid = report->pid,
                .pidfd = process_open(report->pid),
                .cgroup_error = report->cgroup_error,
        };
        return ret->pidfd < 0 ? ret->pidfd : 0;
}

static int join_planned(JoinPlan *plan, JoinResult *ret, JoinStage *ret_stage) {
        _cleanup_close_ int read_fd = -EBADF;
        JoinReport report;
        int r, fds[2];
        pid_t joiner;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        plan->report_fd = fds[1];

        joiner = start_joiner(plan);
        if (joiner < 0)
                return joiner;

        closep(&plan->report_fd);
        plan->report_fd = -EBADF;

        r = wait_for_end(read_fd, plan->request->limit_usec);
        if (r < 0) {
                end(joiner);
                report = *plan->report;
                if (is_our_child(report.pid))
                        end(report.pid);
                return is_frozen(plan) ? -E_MACHINE_FROZEN : r;
        }

        reap(joiner);
        report = *plan->report;
        return take_program(&report, ret, ret_stage);
}

int join_start(const JoinRequest *request, JoinResult *ret, JoinStage *reterr_stage) {
        _cleanup_(plan_done) JoinPlan plan = {
                .request = request,
                .root_fd = -EBADF,
                .cgroup_fd = -EBADF,
                .report_fd = -EBADF,
        };
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
                [JOIN_DIRECTORY] = "enter the directory",
                [JOIN_EXEC] = "execute the program",
        };

        return stage < _JOIN_STAGE_MAX ? table[stage] : NULL;
}
