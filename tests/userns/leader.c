/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/process.h"
#include "tests/test.h"
#include "tests/userns/leader.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* Where the kernel has clocks of namespaces. */
static void take_clock(void) {
        _cleanup_close_ int fd = -EBADF;

        if (unshare(CLONE_NEWTIME) < 0)
                return;

        fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
                _exit(EXIT_FAILURE);
}

static _Noreturn void be_leader(int ready_fd, int mapped_fd) {
        char byte;

        /* Not to be left behind by a test that fails. Then until others have given it users. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || read(mapped_fd, &byte, 1) != 0)
                _exit(EXIT_FAILURE);

        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                _exit(EXIT_FAILURE);

        take_clock();
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("proc", "/proc", "proc", 0, NULL) < 0 ||
            sethostname("joined", 6) < 0 ||
            prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            write(ready_fd, "", 1) != 1)
                _exit(EXIT_FAILURE);

        for (;;)
                (void) pause();
}

static void write_map(pid_t pid, const char *name) {
        _cleanup_free_ char *path = NULL, *map = NULL;

        CHECK_OK(text_printf(&path, "/proc/%i/%s", pid, name));
        CHECK_OK(text_printf(&map, "0 %i 65536\n", LEADER_SHIFT));
        CHECK_OK(file_write(path, map));
}

void leader_init(Leader *l, int more_namespaces) {
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                         CLONE_NEWNET | (unsigned) more_namespaces,
                .exit_signal = SIGCHLD,
                .pidfd = (uintptr_t) &l->pidfd,
        };
        int ready[2], mapped[2];
        char byte;

        CHECK_OK(pipe2(ready, O_CLOEXEC));
        CHECK_OK(pipe2(mapped, O_CLOEXEC));
        l->pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        CHECK_OK(l->pid);
        if (l->pid == 0) {
                (void) close(mapped[1]);
                be_leader(ready[1], mapped[0]);
        }

        if (more_namespaces & CLONE_NEWUSER) {
                write_map(l->pid, "uid_map");
                write_map(l->pid, "gid_map");
        }
        closep(&mapped[0]);
        closep(&mapped[1]);
        closep(&ready[1]);
        CHECK(read(ready[0], &byte, 1) == 1);
        closep(&ready[0]);
}

void leader_done(Leader *l) {
        (void) process_signal(l->pidfd, SIGKILL);
        (void) waitpid(l->pid, NULL, 0);
        closep(&l->pidfd);
}
