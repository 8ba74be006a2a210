/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sleepers
 *
 * Processes that do nothing until they are ended: leaders of machines, for tests.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/test.h"

/* Starts one that is another user's by the time of our return; root is needed unless the user is ours. */
static inline pid_t start_sleeper_as(uid_t uid) {
        int ready[2];
        pid_t pid;
        char byte;

        CHECK_OK(pipe2(ready, O_CLOEXEC));
        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                if (setresuid(uid, uid, uid) < 0 || write(ready[1], "", 1) != 1)
                        _exit(EXIT_FAILURE);
                (void) pause();
                _exit(EXIT_FAILURE);
        }

        (void) close(ready[1]);
        CHECK(read(ready[0], &byte, 1) == 1);
        (void) close(ready[0]);
        return pid;
}

static inline pid_t start_sleeper(void) {
        return start_sleeper_as(getuid());
}

/* Ends one, also if it has been killed meanwhile; nobody must have waited for it. */
static inline void end_sleeper(pid_t pid) {
        CHECK_OK(kill(pid, SIGKILL));
        CHECK(waitpid(pid, NULL, 0) == pid);
}
