/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Joining
 *
 * Starts a program of a machine inside it: in the namespaces, the root
 * directory and the control group of its leader, with no more privileges than
 * that has. What the machine sees of us before its own program runs is nothing:
 * the process that joins stays outside of its pid namespace, and the one that
 * is born into it has given up all privileges and descriptors by then.
 *
 * Of what limits the leader it takes over the bounding set of capabilities,
 * no_new_privs, resource limits, its AppArmor profile or SELinux context, and the filter
 * of system calls that berth-run has given it, not those of other managers, which the
 * kernel shows to nobody.
 *
 * The caller should be a sealed program, see lib/kernel/sealed.h.
 */

#include "lib/base/base.h"

typedef enum JoinStage {
        JOIN_PREPARE,
        JOIN_NAMESPACES,
        JOIN_ROOT,
        JOIN_PRIVILEGES,
        JOIN_USER,
        JOIN_FORK,
        JOIN_TERMINAL,
        JOIN_DIRECTORY,
        JOIN_EXEC,
        _JOIN_STAGE_MAX,
} JoinStage;

typedef struct JoinRequest {
        int leader;                     /* pidfd of the machine's PID 1 */
        int stdio[3];                   /* what becomes descriptor 0, 1 and 2 */
        bool terminal;                  /* stdio[0] becomes the controlling terminal */
        uid_t uid;                      /* in the machine, as the others */
        gid_t gid;
        const gid_t *groups;            /* supplementary ones */
        size_t n_groups;
        const char *program;            /* path in the machine, or a name to find in PATH */
        char *const *argv;
        char *const *environment;
        const char *directory;          /* to start in; "/" if it is not there */
        bool needs_directory;           /* not so: it fails */
        uint64_t limit_usec;            /* what it may take to start; 0: as long as it likes */
} JoinRequest;

typedef struct JoinResult {
        pid_t pid;                      /* a child of the caller */
        int pidfd;
        int cgroup_error;               /* 0, or why it is not in the leader's control group */
} JoinResult;

/**
 * join_start() - start a program in a machine
 * @request:            what to start, and as whom
 * @ret:                return location for the process
 * @reterr_stage:       return location for what failed, or NULL
 *
 * Returns when the program runs, which it takes a machine with a slow file
 * system some time to let happen. Of the caller's descriptors none but those in
 * stdio get there. A terminal is given to the user that it is for. A program that
 * is named without a slash is looked for in the PATH of its environment, as
 * execvp(3) does, with the user's rights.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       the leader has exited
 *         -EPERM       the caller may not enter
 *         -EINVAL      @request has no program
 *         -EAGAIN      the machine has as many processes as it may have
 *         -ETIMEDOUT   it took too long; nothing is left of it
 *         -E_MACHINE_FROZEN    its control group is frozen
 *         others       what the stage ran into; in JOIN_EXEC, execve()
 */
int join_start(const JoinRequest *request, JoinResult *ret, JoinStage *reterr_stage);

/* What a stage does, as in "Cannot …". */
const char *join_stage_to_string(JoinStage stage);
