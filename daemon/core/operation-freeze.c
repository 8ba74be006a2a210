/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How machines are made to stand still, and to go on. */

#include "daemon/core/operation.h"

#define FREEZE_MACHINE "org.berth.freeze-machine"

static void on_frozen(void *userdata, int result) {
        operation_finish(userdata, result, NULL);
}

static int run_freeze(Operation *o) {
        return manager_freeze(o->manager, o->machine, true, on_frozen, o);
}

const OperationKind operation_freeze = {
        .verb = "freeze",
        .failure = "Cannot freeze machine",
        .action = FREEZE_MACHINE,
        .owner_may = true,
        .run = run_freeze,
};

static int run_thaw(Operation *o) {
        return manager_freeze(o->manager, o->machine, false, on_frozen, o);
}

const OperationKind operation_thaw = {
        .verb = "thaw",
        .failure = "Cannot thaw machine",
        .action = FREEZE_MACHINE,
        .owner_may = true,
        .run = run_thaw,
};
