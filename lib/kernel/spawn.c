/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "lib/kernel/spawn.h"

/* Handlers and blocked signals are inherited otherwise, and event loops block some. */
static void reset_signals(void) {
        sigset_t none;

        for (int signo = 1; signo < NSIG; signo++)
                (void) signal(signo, SIG_DFL);

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) child(const SpawnRequest *request) {
        int stdin_fd = request->stdin_fd, stdout_fd = request->stdout_fd, extra_fd = request->extra_fd;
        extern char **environ;

        reset_signals();

        if (stdin_fd < 0)
                stdin_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        /* Out of the way of 0 to 3, as the order below must not matter. */
        if (stdin_fd >= 0)
                stdin_fd = fcntl(stdin_fd, F_DUPFD_CLOEXEC, 4);
        if (stdout_fd >= 0)
                stdout_fd = fcntl(stdout_fd, F_DUPFD_CLOEXEC, 4);
        if (extra_fd >= 0)
                extra_fd = fcntl(extra_fd, F_DUPFD_CLOEXEC, 4);

        if (dup2(stdin_fd, STDIN_FILENO) < 0 ||
            (stdout_fd >= 0 && dup2(stdout_fd, STDOUT_FILENO) < 0) ||
            (extra_fd >= 0 && dup2(extra_fd, 3) < 0))
                _exit(SPAWN_EXIT_EXEC);

        if (request->prepare && request->prepare() < 0)
                _exit(SPAWN_EXIT_EXEC);

        (void) syscall(SYS_close_range, extra_fd >= 0 ? 4 : 3, ~0U, CLOSE_RANGE_CLOEXEC);
        (void) execve(request->path, request->argv, request->environment ? request->environment : environ);
        _exit(SPAWN_EXIT_EXEC);
}

static int child_main(void *request) {
        child(request);
}

/* Not by clone3(): seccomp filters cannot look into its argument, so those that
 * restrict namespaces, as the daemon's own unit does, forbid it altogether. */
static int clone_plain(const SpawnRequest *request, int *ret_pidfd) {
        /* The child's own copy, as nothing is shared. */
        _Alignas(16) char stack[16 << 10];

        return clone(child_main, stack + sizeof(stack), CLONE_PIDFD | SIGCHLD, (void *) request, ret_pidfd);
}

static int clone_into_cgroup(const SpawnRequest *request, int *ret_pidfd) {
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
                .pidfd = (uintptr_t) ret_pidfd,
                .exit_signal = SIGCHLD,
                .cgroup = (unsigned) request->cgroup_fd,
        };
        long pid;

        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid == 0)
                child(request);

        return (int) pid;
}

int spawn(const SpawnRequest *request, pid_t *ret_pid) {
        int pidfd = -EBADF;
        pid_t pid;

        assert(request);
        assert(request->path);
        assert(request->argv);

        pid = request->cgroup_fd >= 0 ? clone_into_cgroup(request, &pidfd) : clone_plain(request, &pidfd);
        if (pid < 0)
                return -errno;

        if (ret_pid)
                *ret_pid = pid;
        return pidfd;
}
