/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How machines come into being, over any door. */

#include "daemon/core/operation.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

static int check_create(const OperationRequest *q, const char **reterr_text) {
        return create_request_check(&q->create, reterr_text);
}

static int hold_processes(OperationRequest *q, const char **reterr_text) {
        int r;

        q->create.uid = q->caller.uid;
        r = create_request_check_rights(&q->create, reterr_text);
        if (r < 0)
                return r;

        return create_request_hold(&q->create, q->caller.pidfd, reterr_text);
}

static void on_created(void *userdata, int result, const char *where, Machine *m) {
        _cleanup_free_ char *text = NULL;
        Operation *o = userdata;

        if (result >= 0)
                o->answer.machine = machine_info(m)->name;
        else if (where)
                (void) text_printf(&text, "step %s: %s", where, error_text(result));

        operation_finish(o, result, text);
}

static int run_create(Operation *o) {
        return manager_create(o->manager, &o->request.create, on_created, o);
}

const OperationKind operation_create = {
        .verb = "create",
        .failure = "Cannot register machine",
        .action = "org.freedesktop.machine1.create-machine",
        .is_new = true,
        .check = check_create,
        .hold = hold_processes,
        .run = run_create,
};

const OperationKind operation_register = {
        .verb = "register",
        .failure = "Cannot register machine",
        .action = "org.freedesktop.machine1.register-machine",
        .is_new = true,
        .check = check_create,
        .hold = hold_processes,
        .run = run_create,
};

static int check_start(const OperationRequest *q, const char **reterr_text) {
        if (machine_name_is_valid(q->machine))
                return 0;

        *reterr_text = "Invalid machine name";
        return -EINVAL;
}

static void on_started(void *userdata, int result) {
        Operation *o = userdata;
        Machine *m;

        /* Ready, but gone by now, or never registered: the caller shall not wait for it. */
        m = result >= 0 ? manager_find(o->manager, o->request.machine) : NULL;
        if (m)
                o->answer.machine = machine_info(m)->name;

        operation_finish(o, result >= 0 && !m ? -E_MACHINE_FAILED : result, NULL);
}

static int run_start(Operation *o) {
        return manager_start(o->manager, o->request.machine, on_started, o);
}

const OperationKind operation_start = {
        .verb = "start",
        .failure = "Cannot start machine",
        .action = "org.berth.start-machine",
        .is_new = true,
        .check = check_start,
        .run = run_start,
};
