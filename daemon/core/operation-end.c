/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How machines are signalled, ended and forgotten. */

#include <signal.h>

#include "daemon/core/operation.h"

#define MANAGE_MACHINES "org.freedesktop.machine1.manage-machines"

static int run_unregister(Operation *o) {
        int r;

        r = manager_unregister(o->manager, o->machine);
        return r < 0 ? r : 1;
}

const OperationKind operation_unregister = {
        .verb = "unregister",
        .failure = "Cannot unregister machine",
        .action = MANAGE_MACHINES,
        .owner_may = true,
        .run = run_unregister,
};

static void on_terminated(void *userdata, int result) {
        operation_finish(userdata, result, NULL);
}

static int run_terminate(Operation *o) {
        return manager_terminate(o->manager, o->machine, on_terminated, o);
}

const OperationKind operation_terminate = {
        .verb = "terminate",
        .failure = "Cannot terminate machine",
        .action = MANAGE_MACHINES,
        .owner_may = true,
        .run = run_terminate,
};

static void on_stopped(void *userdata, int result, bool was_killed) {
        Operation *o = userdata;

        o->answer.was_killed = was_killed;
        operation_finish(o, result, NULL);
}

static int run_stop(Operation *o) {
        return manager_stop(o->manager, o->machine, o->request.timeout_usec, on_stopped, o);
}

const OperationKind operation_stop = {
        .verb = "stop",
        .failure = "Cannot stop machine",
        .action = MANAGE_MACHINES,
        .owner_may = true,
        .run = run_stop,
};

static int check_kill(const OperationRequest *q, const char **reterr_text) {
        if (q->signal > 0 && q->signal < NSIG)
                return 0;

        *reterr_text = "Invalid signal";
        return -EINVAL;
}

static int run_kill(Operation *o) {
        int r;

        r = machine_kill(o->machine, o->request.whom, o->request.signal);
        return r < 0 ? r : 1;
}

const OperationKind operation_kill = {
        .verb = "kill",
        .failure = "Cannot kill machine",
        .action = MANAGE_MACHINES,
        .owner_may = true,
        .check = check_kill,
        .run = run_kill,
};
