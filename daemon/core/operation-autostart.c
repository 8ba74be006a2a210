/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which machines are started with the host. */

#include "daemon/core/operation.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"

#define ACTION "org.berth.enable-machine"

static int check_enable(const OperationRequest *q, const char **reterr_text) {
        return autostart_check(&q->autostart, reterr_text);
}

/* A name that nothing could be started from is mistyped. */
static int run_enable(Operation *o) {
        int r;

        r = manager_find_image(o->manager, o->request.machine);
        if (r < 0)
                return r;

        r = autostarts_set(o->autostart_directory, &o->request.autostart);
        if (r == -ELOOP) {
                operation_finish(o, r, "It would have to be ready before itself");
                return 0;
        }

        return r < 0 ? r : 1;
}

const OperationKind operation_enable = {
        .verb = "enable",
        .failure = "Cannot enable machine",
        .action = ACTION,
        .is_new = true,
        .check = check_enable,
        .run = run_enable,
};

static int check_disable(const OperationRequest *q, const char **reterr_text) {
        if (machine_name_is_valid(q->machine))
                return 0;

        *reterr_text = "Invalid machine name";
        return -EINVAL;
}

/* One that is not enabled is as it should be: scripts call this twice. */
static int run_disable(Operation *o) {
        int r;

        r = autostarts_remove(o->autostart_directory, o->request.machine);
        return r < 0 && r != -ENOENT ? r : 1;
}

const OperationKind operation_disable = {
        .verb = "disable",
        .failure = "Cannot disable machine",
        .action = ACTION,
        .is_new = true,
        .check = check_disable,
        .run = run_disable,
};
