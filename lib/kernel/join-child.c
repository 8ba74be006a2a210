/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/kernel/cgroup.h"
#include "lib/kernel/join-private.h"
#include "lib/kernel/pty.h"

/* Where who enters keeps its end of the pipe. */
#define REPORT_FD 3

/* Where programs are looked for without a PATH, as execvp() has it. */
#define DEFAULT_PATH "/bin:/usr/bin"

static void cap_freep(cap_t *caps) {
        if (*caps)
                (void) cap_free(*caps);
}

static _Noreturn void fail(const JoinPlan *plan, JoinStage stage, int error) {
        plan->report->stage = stage;
        plan->report->error = error;
        _exit(EXIT_FAILURE);
}

/* The leader's root may lie below that of its namespace. Ours becomes that by
 * descriptor, whatever is at which path by now. */
static int enter_root(int root_fd) {
        return fchdir(root_fd) < 0 || chroot(".") < 0 ? -errno : 0;
}

/* Of the program that is executed, in a child of ours: while we see the host's /proc. */
static int choose_labels(const JoinPlan *plan) {
        int r = 0;

        for (LabelModule m = 0; r >= 0 && m < _LABEL_MODULE_MAX; m++) {
                _cleanup_close_ int proc_fd = -EBADF;

                if (!plan->labels[m])
                        continue;

                proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
                r = proc_fd < 0 ? -errno : label_set_exec(proc_fd, m, plan->labels[m]);
        }

        return r;
}

/* Of the bounding set: while we may still do that. */
static int limit_privileges(const JoinPlan *plan) {
        for (cap_value_t cap = 0; cap_valid(cap); cap++) {
                if (plan->bounding & UINT64_C(1) << cap)
                        continue;
                if (prctl(PR_CAPBSET_DROP, cap) < 0 && errno != EINVAL)
                        return -errno;
        }

        if (plan->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        return 0;
}

/* Of those that we have: exec() would only do it when the machine could have
 * looked at us with them already. What is not inheritable is not ambient either. */
static int drop_privileges(const JoinPlan *plan) {
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

/* A machine of a user may have been made without the right to groups: root's are gone
 * by then, and it has no others to give. */
static int take_groups(const JoinRequest *request) {
        if (setgroups(request->n_groups, request->groups) >= 0)
                return 0;
        if (errno == EPERM && getgroups(0, NULL) == 0)
                return 0;

        return -errno;
}

static int become_user(const JoinRequest *request) {
        int r;

        r = take_groups(request);
        if (r < 0)
                return r;
        if (setresgid(request->gid, request->gid, request->gid) < 0)
                return -errno;

        return setresuid(request->uid, request->uid, request->uid) < 0 ? -errno : 0;
}

static int take_limit(__rlimit_resource_t which, struct rlimit wanted) {
        struct rlimit ours;

        if (setrlimit(which, &wanted) >= 0)
                return 0;
        if (errno != EPERM || getrlimit(which, &ours) < 0)
                return -errno;

        /* More than we have takes CAP_SYS_RESOURCE. */
        wanted.rlim_max = MIN(wanted.rlim_max, ours.rlim_max);
        wanted.rlim_cur = MIN(wanted.rlim_cur, wanted.rlim_max);
        return setrlimit(which, &wanted) < 0 ? -errno : 0;
}

static int take_limits(const JoinPlan *plan) {
        int r = 0;

        for (int i = 0; r >= 0 && i < (int) RLIM_NLIMITS; i++)
                r = take_limit((__rlimit_resource_t) i, plan->limits[i]);

        return r;
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

static const char *environment_get(char *const *environment, const char *name) {
        size_t n = strlen(name);

        for (char *const *e = environment; e && *e; e++)
                if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
                        return *e + n + 1;

        return NULL;
}

/* Whether the next directory is to be tried after this error, as execvp() does. */
static bool is_not_there(int error) {
        switch (error) {
        case EACCES:
        case ENODEV:
        case ENOENT:
        case ENOTDIR:
        case ESTALE:
        case ETIMEDOUT:
                return true;
        default:
                return false;
        }
}

/* Looked up here, where the machine's files are, and with the user's rights. Returns
 * an error code, if it returns. */
static int execute(const JoinRequest *request) {
        const char *path, *end;
        int error = ENOENT;
        char name[PATH_MAX];

        if (strchr(request->program, '/')) {
                (void) execve(request->program, request->argv, request->environment);
                return -errno;
        }

        path = environment_get(request->environment, "PATH") ?: DEFAULT_PATH;
        for (;; path = end + 1) {
                end = strchrnul(path, ':');
                if (snprintf(name, sizeof(name), "%.*s%s%s", (int) (end - path), path,
                             end > path ? "/" : "", request->program) < (int) sizeof(name)) {
                        (void) execve(name, request->argv, request->environment);
                        if (!is_not_there(errno))
                                return -errno;
                        if (errno == EACCES)
                                error = EACCES;
                }
                if (!*end)
                        return -error;
        }
}

static int enter_directory(const JoinRequest *request) {
        if (request->directory && chdir(request->directory) >= 0)
                return 0;
        if (request->needs_directory)
                return -errno;

        return chdir("/") < 0 ? -errno : 0;
}

/* Nobody waits for the program any more, who could say that it runs. */
static bool is_given_up(void) {
        struct pollfd poller = { .fd = REPORT_FD };

        return poll(&poller, 1, 0) > 0 && poller.revents & POLLERR;
}

/* In the pid namespace, and to be seen by the machine: only the last steps. */
static _Noreturn void run_program(const JoinPlan *plan) {
        const JoinRequest *request = plan->request;
        int r;

        if (request->terminal) {
                r = terminal_become_controlling(STDIN_FILENO);
                if (r < 0)
                        fail(plan, JOIN_TERMINAL, r);
        } else
                (void) setsid();

        r = enter_directory(request);
        if (r < 0)
                fail(plan, JOIN_DIRECTORY, r);
        (void) umask(0022);
        reset_signals();

        if (is_given_up())
                _exit(EXIT_FAILURE);
        fail(plan, JOIN_EXEC, execute(request));
}

/* The sibling, not the child, of the process that calls this: the caller of
 * join_start() becomes its parent, and the one between can go. */
static pid_t fork_sibling(JoinReport *report) {
        struct clone_args args = {
                .flags = CLONE_PARENT | CLONE_PARENT_SETTID,
                .parent_tid = (uintptr_t) &report->pid,
        };

        return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

/* To have no part in what goes on when nobody waits for it any more. Changing users
 * resets both, the first to what the host's administrator prefers. */
static void protect(pid_t parent) {
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != parent)
                _exit(EXIT_FAILURE);
}

static int drop_groups(void) {
        return getgroups(0, NULL) != 0 && setgroups(0, NULL) < 0 ? -errno : 0;
}

_Noreturn void join_enter(const JoinPlan *plan, pid_t parent, bool is_in_cgroup) {
        pid_t pid;
        int r;

        protect(parent);
        r = drop_groups();
        if (r >= 0)
                r = take_limits(plan);
        if (r < 0)
                fail(plan, JOIN_PREPARE, r);

        r = choose_labels(plan);
        if (r < 0)
                fail(plan, JOIN_PRIVILEGES, r);

        if (plan->namespaces != 0 && !is_in_cgroup)
                plan->report->cgroup_error = plan->cgroup ? cgroup_attach(plan->cgroup, 0) : -ENODATA;

        if (plan->namespaces != 0 && setns(plan->request->leader, plan->namespaces) < 0)
                fail(plan, JOIN_NAMESPACES, -errno);

        r = enter_root(plan->root_fd);
        if (r < 0)
                fail(plan, JOIN_ROOT, r);

        r = arrange_descriptors(plan->request->stdio, plan->report_fd);
        if (r < 0)
                fail(plan, JOIN_PREPARE, r);

        r = limit_privileges(plan);
        if (r < 0)
                fail(plan, JOIN_PRIVILEGES, r);

        /* While we have the privilege that it takes. */
        r = plan->filter.n_instructions > 0 ? syscall_program_load(&plan->filter) : 0;
        if (r < 0)
                fail(plan, JOIN_PRIVILEGES, r);

        r = become_user(plan->request);
        if (r < 0)
                fail(plan, JOIN_USER, r);

        r = drop_privileges(plan);
        if (r < 0)
                fail(plan, JOIN_PRIVILEGES, r);
        protect(parent);

        pid = fork_sibling(plan->report);
        if (pid < 0)
                fail(plan, JOIN_FORK, -errno);
        if (pid == 0)
                run_program(plan);

        _exit(EXIT_SUCCESS);
}
