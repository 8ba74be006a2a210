/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.berth.Manager1; see docs/api/org.berth.md. */

#include "daemon/bus/bus-error.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/pending.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

#define START_MACHINE "org.berth.start-machine"

typedef struct Start {
        Pending *pending;
        Manager *manager;
        char *name;
} Start;

static Start *start_free(Start *s) {
        if (!s)
                return NULL;

        (void) pending_free(s->pending);
        free(s->name);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(Start, start_free);

static int start_new(sd_bus_message *msg, Manager *manager, const char *name, Start **ret) {
        _cleanup_(start_freep) Start *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;

        s->manager = manager;
        s->name = strdup(name);
        if (!s->name)
                return -ENOMEM;

        r = pending_new(msg, &s->pending, "Cannot start machine '%s'", name);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

static void on_started(void *userdata, int result) {
        _cleanup_(start_freep) Start *s = userdata;
        _cleanup_free_ char *path = NULL;
        int r = result;

        /* Ready, but gone by now, or never registered: the caller shall not wait for it. */
        if (r >= 0 && !manager_find(s->manager, s->name))
                r = -E_MACHINE_FAILED;
        if (r >= 0)
                r = machine_path(s->name, &path);
        if (r < 0) {
                pending_fail(TAKE_PTR(s->pending), r, NULL);
                return;
        }

        (void) sd_bus_reply_method_return(s->pending->msg, "o", path);
}

static int refuse_options(sd_bus_message *msg, sd_bus_error *reterr) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        if (r > 0) {
                r = sd_bus_message_read(msg, "s", &key);
                if (r < 0)
                        return r;
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown option '%s'", key);
        }

        return sd_bus_message_exit_container(msg);
}

static int method_start_machine(sd_bus_message *msg, void *userdata, sd_bus_error *reterr) {
        _cleanup_(start_freep) Start *s = NULL;
        Bus *b = userdata;
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;
        if (!machine_name_is_valid(name))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid machine name '%s'",
                                         name);

        r = refuse_options(msg, reterr);
        if (r < 0)
                return r;

        const char *const details[] = { "machine", name, "verb", "start", NULL };
        r = authz_check(b->authz, msg, START_MACHINE, details, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = start_new(msg, b->manager, name, &s);
        if (r < 0)
                return r;

        r = manager_start(b->manager, name, on_started, s);
        if (r == -E_MACHINE_EXISTS)
                return sd_bus_error_setf(reterr, error_bus_name(r), "Machine '%s' already exists", name);
        if (r < 0)
                return bus_error(reterr, r, "Cannot start machine '%s'", name);

        TAKE_PTR(s); /* on_started() has it now */
        return 1;
}

const sd_bus_vtable bus_berth_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_METHOD_WITH_ARGS("StartMachine",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("o", machine),
                                method_start_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_VTABLE_END
};
