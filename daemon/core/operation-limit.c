/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How machines are made to stand still, to go on, and to make do with less. */

#include "daemon/core/operation.h"
#include "lib/scope/limit.h"

#define FREEZE_MACHINE "org.berth.freeze-machine"

static void on_done(void *userdata, int result) {
        operation_finish(userdata, result, NULL);
}

static int run_freeze(Operation *o) {
        return manager_freeze(o->manager, o->machine, true, on_done, o);
}

const OperationKind operation_freeze = {
        .verb = "freeze",
        .failure = "Cannot freeze machine",
        .action = FREEZE_MACHINE,
        .owner_may = true,
        .run = run_freeze,
};

static int run_thaw(Operation *o) {
        return manager_freeze(o->manager, o->machine, false, on_done, o);
}

const OperationKind operation_thaw = {
        .verb = "thaw",
        .failure = "Cannot thaw machine",
        .action = FREEZE_MACHINE,
        .owner_may = true,
        .run = run_thaw,
};

static int check_set(const OperationRequest *q, const char **reterr_text) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < q->limits.n; i++)
                r = limit_check(&q->limits.list[i]);

        *reterr_text = r == -EINVAL ? "A property is of another type" : NULL;
        return r;
}

static void on_set(void *userdata, int result) {
        Operation *o = userdata;
        const OperationRequest *q = &o->request;

        if (result >= 0)
                manager_tell(o->manager, q->machine, MACHINE_EVENT_LIMIT_CHANGED, &q->limits);
        operation_finish(o, result, NULL);
}

static int run_set(Operation *o) {
        const OperationRequest *q = &o->request;

        return manager_set_properties(o->manager, o->machine, q->runtime, &q->limits, on_set, o);
}

const OperationKind operation_set_properties = {
        .verb = "set",
        .failure = "Cannot set properties of machine",
        .action = "org.berth.set-properties",
        .owner_may = true,
        .check = check_set,
        .run = run_set,
};
