/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ends, signals, other processes. */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/probe/probe.h"

static volatile sig_atomic_t caught = 0;

static void on_signal(int signo) {
        caught = signo;
}

/* Waits for any signal that can be caught, and tells which; says before that it
 * is ready, if asked to. */
static int wait_signal(bool say_ready) {
        sigset_t all, before;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, &before);
        for (int signo = 1; signo < NSIG; signo++)
                (void) signal(signo, on_signal);

        (void) puts("waiting");
        (void) fflush(stdout);
        if (say_ready && notify("READY=1", 7, -1) != 0)
                return 1;

        (void) sigemptyset(&before);
        while (!caught)
                (void) sigsuspend(&before);

        printf("signal %i\n", (int) caught);
        return 0;
}

static int do_kill_self(char **args) {
        return kill(getpid(), number(args[0])) < 0 ? fail("kill") : 0;
}

/* Leaves a process to PID 1, and tells when that has taken it away for good. */
static int do_orphan(char **args) {
        int fds[2], inherited[2];
        pid_t pid, orphan = 0;
        char c;

        (void) args;

        if (pipe2(fds, O_CLOEXEC) < 0 || pipe2(inherited, O_CLOEXEC) < 0)
                return fail("pipe");

        pid = fork();
        if (pid == 0) {
                pid = fork();
                if (pid == 0) { /* outlives its parent */
                        (void) close(inherited[1]);
                        (void) !read(inherited[0], &c, 1);
                        _exit(0);
                }
                (void) !write(fds[1], &pid, sizeof(pid));
                _exit(0);
        }

        (void) waitpid(pid, NULL, 0);
        (void) !read(fds[0], &orphan, sizeof(orphan));
        (void) close(inherited[1]);
        while (kill(orphan, 0) == 0)
                (void) sched_yield();

        (void) puts("gone");
        return 0;
}

static int do_wait(char **args) {
        (void) args;
        return wait_signal(false);
}

static int do_wait_ready(char **args) {
        (void) args;
        return wait_signal(true);
}

/* Waits for something to come in. */
static int do_input(char **args) {
        char c;

        (void) args;

        (void) puts("listening");
        (void) fflush(stdout);
        return read(STDIN_FILENO, &c, 1) == 1 ? 0 : fail("input");
}

/* Ends by nothing but SIGKILL. */
static int do_deaf(char **args) {
        sigset_t all;

        (void) args;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, NULL);
        (void) puts("waiting");
        (void) fflush(stdout);
        while (pause() < 0)
                ;

        return 0;
}

static int do_survive(char **args) {
        (void) args;

        if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
                return fail("prctl");

        return 0;
}

static int do_reboot(char **args) {
        (void) args;
        (void) fflush(stdout);
        return reboot(RB_AUTOBOOT) < 0 ? fail("reboot") : 0;
}

static int do_poweroff(char **args) {
        (void) args;
        (void) fflush(stdout);
        return reboot(RB_POWER_OFF) < 0 ? fail("poweroff") : 0;
}

static int do_exit(char **args) {
        (void) fflush(stdout);
        exit(number(args[0]));
}

const Command life_commands[] = {
        { "deaf", 0, do_deaf },
        { "exit", 1, do_exit },
        { "input", 0, do_input },
        { "kill-self", 1, do_kill_self },
        { "orphan", 0, do_orphan },
        { "poweroff", 0, do_poweroff },
        { "reboot", 0, do_reboot },
        { "survive", 0, do_survive },
        { "wait", 0, do_wait },
        { "wait-ready", 0, do_wait_ready },
        {}
};
