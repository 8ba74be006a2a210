/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/kernel/clone.h"

pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd) {
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
                .pidfd = (uintptr_t) &pidfd,
                .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* a sibling has ours */
        };
        long pid;

        assert(ret_pidfd);

        if (cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) cgroup_fd;
        }

        /* Without a stack of its own it goes on where we are, as after fork(). */
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                return -errno;
        if (pid > 0)
                *ret_pidfd = pidfd;

        return (pid_t) pid;
}

int process_protect(void) {
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                return -errno;

        return 0;
}

int process_reset_signals(void) {
        sigset_t none;

        /* CLONE_CLEAR_SIGHAND resets handlers, but lets what is ignored be. */
        for (int signo = 1; signo < NSIG; signo++)
                if (signo != SIGKILL && signo != SIGSTOP)
                        (void) signal(signo, SIG_DFL); /* fails for the two that glibc keeps */

        (void) sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                return -errno;

        return 0;
}

int process_close_from(unsigned first) {
        if (close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return -errno;

        return 0;
}
