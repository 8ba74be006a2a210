/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Spawning
 *
 * Starts another program, in a control group from its first moment on, with
 * nothing inherited but what is named.
 */

#include "lib/base/base.h"

/* What a program exits with that could not be executed, as of shells. */
#define SPAWN_EXIT_EXEC 127

typedef struct SpawnRequest {
        const char *path;               /* program, an absolute path */
        char *const *argv;
        char *const *environment;       /* NULL: ours */
        int stdin_fd;                   /* -EBADF: /dev/null */
        int stdout_fd;                  /* -EBADF: ours */
        int cgroup_fd;                  /* directory of the control group to start in, -EBADF: ours */
        int extra_fd;                   /* passed as descriptor 3, -EBADF: none */
        int (*prepare)(void);           /* called in the new process, at the end; if it fails, nothing is
                                         * executed. Or NULL */
} SpawnRequest;

/**
 * spawn() - start a program
 * @request:            what to start, and how
 * @ret_pid:            return location for its process id, or NULL
 *
 * The program runs with the default handling of all signals and none blocked.
 *
 * Return: a pidfd of the new process, close-on-exec, which the caller has to
 *         reap with waitid(P_PIDFD, …); negative error code on failure.
 * Errors: what clone3() runs into; a program that cannot be executed exits
 *         with SPAWN_EXIT_EXEC instead
 */
int spawn(const SpawnRequest *request, pid_t *ret_pid);
