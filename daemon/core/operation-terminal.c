/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Terminals in machines, and what is started on them: logins, shells. */

#include <stdio.h>

#include "daemon/core/look.h"
#include "daemon/core/operation.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

/* What the machine's own bus and systemd may take, which may be busy with booting. */
#define BUS_USEC (20 * USEC_PER_SEC)

/* More than anybody types, and less than a worker's packet holds. */
#define ENVIRONMENT_MAX 1024
#define ARGUMENTS_MAX 1024

static void on_terminal(void *userdata, int result, const char *text, WorkerAnswer *answer) {
        Operation *o = userdata;
        int r = result;

        if (r >= 0 && answer->n_fds != 1)
                r = -EPROTO;
        if (r >= 0) {
                o->answer.path = strdup(answer->data);
                if (!o->answer.path)
                        r = -ENOMEM;
        }
        if (r >= 0)
                o->answer.fd = TAKE_FD(answer->fds[0]);

        operation_finish(o, r, text);
}

static int run_open_pty(Operation *o) {
        return machine_run_job(o->machine, o->workers, &(WorkerJob) { .name = "pty" }, on_terminal, o, NULL);
}

const OperationKind operation_open_pty = {
        .verb = "open_pty",
        .failure = "Cannot open a terminal in machine",
        .action = "org.freedesktop.machine1.open-pty",
        .host_action = "org.freedesktop.machine1.host-open-pty",
        .owner_may = true,
        .run = run_open_pty,
};

/* The user namespace of a machine that has one of its own, in @ret_fd. */
static int open_users(Machine *m, int *ret_fd) {
        const MachineInfo *info = machine_info(m);
        int r;

        if (info->class != MACHINE_CONTAINER)
                return 0;

        r = process_shares_namespace(machine_leader_fd(m), "user");
        if (r < 0)
                return r;

        /* Its bus could be any, the host's too, where we would speak as root. */
        if (r > 0)
                return info->uid == 0 ? 0 : -EACCES;

        r = process_open_namespace(machine_leader_fd(m), "user");
        if (r < 0)
                return r;

        *ret_fd = r;
        return 0;
}

static int ask_guest(Operation *o, const char *job, char *const *args) {
        _cleanup_close_ int userns_fd = -EBADF;
        int r;

        r = open_users(o->machine, &userns_fd);
        if (r == -EACCES) {
                operation_finish(o, r, "It has the host's users, but is not root's");
                return 0;
        }
        if (r < 0)
                return r;

        return machine_run_job(o->machine, o->workers, &(WorkerJob) {
                .name = job,
                .args = args,
                .fds = &userns_fd,
                .n_fds = userns_fd >= 0 ? 1 : 0,
                .limit_usec = BUS_USEC,
                .alone = true,
        }, on_terminal, o, NULL);
}

static int run_open_login(Operation *o) {
        return ask_guest(o, "login", NULL);
}

const OperationKind operation_open_login = {
        .verb = "login",
        .failure = "Cannot open a login in machine",
        .action = "org.freedesktop.machine1.login",
        .host_action = "org.freedesktop.machine1.host-login",
        .owner_may = true,
        .run = run_open_login,
};

static int check_environment(char *const *environment, const char **reterr_text) {
        if (strv_length(environment) > ENVIRONMENT_MAX) {
                *reterr_text = "Too many environment variables";
                return -E_LIMITS_EXCEEDED;
        }

        for (char *const *e = environment; e && *e; e++)
                if (!environment_assignment_is_valid(*e)) {
                        *reterr_text = "Invalid environment variable";
                        return -EINVAL;
                }

        return 0;
}

static int check_open_shell(const OperationRequest *q, const char **reterr_text) {
        if (!isempty(q->user) && !user_name_is_valid(q->user)) {
                *reterr_text = "Invalid user name";
                return -EINVAL;
        }

        if (!isempty(q->program) && q->program[0] != '/') {
                *reterr_text = "Path of the program is not absolute";
                return -EINVAL;
        }

        if (strv_length(q->argv) > ARGUMENTS_MAX) {
                *reterr_text = "Too many arguments";
                return -E_LIMITS_EXCEEDED;
        }

        return check_environment(q->environment, reterr_text);
}

/* As the worker's job has them. */
static int list_arguments(const OperationRequest *q, char ***ret) {
        _cleanup_(strv_freep) char **args = NULL;
        int r;

        r = strv_push(&args, isempty(q->user) ? "root" : q->user);
        if (r >= 0)
                r = strv_push(&args, q->program ?: "");
        if (r >= 0)
                r = strv_pushf(&args, "%zu", strv_length(q->argv));
        for (char *const *i = q->argv; r >= 0 && i && *i; i++)
                r = strv_push(&args, *i);
        for (char *const *i = q->environment; r >= 0 && i && *i; i++)
                r = strv_push(&args, *i);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(args);
        return 0;
}

static int run_open_shell(Operation *o) {
        _cleanup_(strv_freep) char **args = NULL;
        int r;

        r = list_arguments(&o->request, &args);
        return r < 0 ? r : ask_guest(o, "shell", args);
}

const OperationKind operation_open_shell = {
        .verb = "shell",
        .failure = "Cannot open a shell in machine",
        .action = "org.freedesktop.machine1.shell",
        .host_action = "org.freedesktop.machine1.host-shell",
        .owner_may = true,
        .check = check_open_shell,
        .run = run_open_shell,
};
