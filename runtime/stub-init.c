/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth-init: PID 1 for a command that is not one. It runs the command as PID 2,
 * reaps whom nobody waits for, passes signals on, and ends as the command does. It
 * runs in the guest, from a sealed copy in memory, and so needs nothing there: it
 * is linked statically, and none of berth's libraries are in it.
 *
 * usage: berth-init PROGRAM ARGUMENT0 [ARGUMENT…] */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* As nspawn has it: of a command that a signal has ended, and of one that is none. */
#define STATUS_SIGNALED 255
#define STATUS_NOT_EXECUTED 1

/* How long the command may take to end when the machine shall. */
#define END_SECONDS 10

typedef struct Init {
        pid_t child;
        sigset_t signals;
        int how;                /* what to ask the kernel for in the end, or 0 */
        time_t deadline;        /* when the command is killed, or 0 */
} Init;

static void print_error(const char *program) {
        (void) fprintf(stderr, "Cannot execute %s: %s\n", program, strerror(errno));
}

/* In a process group of its own, at the terminal: what is typed there to end the
 * command is not for its init. */
static pid_t run_command(char **argv, const sigset_t *before) {
        pid_t pid = fork();

        if (pid != 0)
                return pid;

        (void) setpgid(0, 0);
        (void) signal(SIGTTOU, SIG_IGN);
        (void) tcsetpgrp(STDIN_FILENO, getpid());
        (void) signal(SIGTTOU, SIG_DFL);
        (void) sigprocmask(SIG_SETMASK, before, NULL);
        (void) execv(argv[0], argv + 1);
        print_error(argv[0]);
        _exit(STATUS_NOT_EXECUTED);
}

/* What PID 1 is told to do, as systemd understands it. Returns 0 for all others. */
static int order_of(int signo) {
        if (signo == SIGRTMIN + 3 || signo == SIGRTMIN + 13)
                return RB_HALT_SYSTEM;
        if (signo == SIGRTMIN + 4 || signo == SIGRTMIN + 14)
                return RB_POWER_OFF;
        if (signo == SIGINT || signo == SIGRTMIN + 5 || signo == SIGRTMIN + 6 ||
            signo == SIGRTMIN + 15 || signo == SIGRTMIN + 16)
                return RB_AUTOBOOT;

        return 0;
}

static time_t now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return ts.tv_sec;
}

static void end_command(Init *init, int how) {
        if (init->how != 0)
                return;

        init->how = how;
        init->deadline = now() + END_SECONDS;
        (void) kill(init->child, SIGTERM);
        (void) kill(init->child, SIGCONT);
}

static void leave(const Init *init, const siginfo_t *end) {
        if (init->how != 0)
                (void) reboot(init->how); /* where we may not, our end is the machine's, too */

        _exit(init->how != 0 ? 0 : end->si_code == CLD_EXITED ? end->si_status : STATUS_SIGNALED);
}

static void reap(const Init *init) {
        for (;;) {
                siginfo_t end = { .si_pid = 0 };

                if (waitid(P_ALL, 0, &end, WEXITED | WNOHANG) < 0 || end.si_pid == 0)
                        return;
                if (end.si_pid == init->child)
                        leave(init, &end);
        }
}

static void handle(Init *init, int signo) {
        int how = order_of(signo);

        if (signo == SIGCHLD)
                reap(init);
        else if (how != 0)
                end_command(init, how);
        else if (signo == SIGWINCH)
                (void) kill(-init->child, signo);
        else
                (void) kill(init->child, signo);
}

static int wait_signal(Init *init) {
        struct timespec left = {};
        time_t t = now();

        if (init->deadline == 0)
                return sigwaitinfo(&init->signals, NULL);

        left.tv_sec = init->deadline > t ? init->deadline - t : 0;
        return sigtimedwait(&init->signals, NULL, &left);
}

int main(int argc, char *argv[]) {
        Init init = {};
        sigset_t before;

        if (argc < 3)
                return STATUS_NOT_EXECUTED;

        /* All but what our own faults bring, and what only the kernel answers. */
        (void) sigfillset(&init.signals);
        (void) sigdelset(&init.signals, SIGSEGV);
        (void) sigdelset(&init.signals, SIGBUS);
        (void) sigprocmask(SIG_BLOCK, &init.signals, &before);
        (void) prctl(PR_SET_NAME, "berth-init");

        init.child = run_command(argv + 1, &before);
        if (init.child < 0) {
                print_error(argv[1]);
                return STATUS_NOT_EXECUTED;
        }

        /* The command's business, not ours. */
        (void) close_range(STDERR_FILENO + 1, ~0U, 0);
        (void) chdir("/");
        for (;;) {
                int signo = wait_signal(&init);

                if (signo > 0)
                        handle(&init, signo);
                else if (errno == EAGAIN) {
                        init.deadline = 0;
                        (void) kill(init.child, SIGKILL);
                }
        }
}
