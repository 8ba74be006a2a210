/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "bench/daemon/leaders.h"

pid_t leader_start(void) {
        pid_t parent = getpid(), pid;

        pid = fork();
        if (pid < 0) {
                perror("fork");
                exit(EXIT_FAILURE);
        }
        if (pid > 0)
                return pid;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
                (void) pause();
        _exit(EXIT_SUCCESS);
}

void leader_kill(pid_t pid) {
        (void) kill(pid, SIGKILL);
}
