/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.berth.Manager1; see docs/api/org.berth.md. */

#include "daemon/bus/bus.h"
#include "daemon/bus/operations.h"

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

static int method_start_machine(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        OperationRequest q = { .kind = &operation_start, .caller.pidfd = -EBADF };
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;

        r = refuse_options(msg, reterr);
        if (r < 0)
                return r;

        q.machine = strdup(name);
        return q.machine ? bus_operate(msg, &q, bus_write_machine) : -ENOMEM;
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
