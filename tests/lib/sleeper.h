/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sleepers
 *
 * Processes that do nothing until they are ended: leaders of machines, for tests.
 */

#include <signal.h>
#include <sys/wait.h>

#include "tests/test.h"

static inline pid_t start_sleeper(void) {
        pid_t pid = fork();

        CHECK_OK(pid);
        if (pid == 0) {
                (void) pause();
                _exit(EXIT_FAILURE);
        }

        return pid;
}

/* Ends one, also if it has been killed meanwhile; nobody must have waited for it. */
static inline void end_sleeper(pid_t pid) {
        CHECK_OK(kill(pid, SIGKILL));
        CHECK(waitpid(pid, NULL, 0) == pid);
}
