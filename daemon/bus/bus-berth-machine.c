/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.berth.Machine1, on the same objects as org.freedesktop.machine1.Machine; see docs/api/org.berth.md. */

#include "daemon/bus/bus.h"
#include "daemon/bus/operations.h"

static int property_get_frozen(
                _unused_ sd_bus *bus,
                _unused_ const char *path,
                _unused_ const char *interface,
                _unused_ const char *property,
                sd_bus_message *reply,
                void *userdata,
                _unused_ sd_bus_error *reterr) {

        return sd_bus_message_append(reply, "b", (int) machine_is_frozen(userdata));
}

const sd_bus_vtable bus_berth_machine_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_PROPERTY("Frozen", "b", property_get_frozen, 0, 0),

        SD_BUS_METHOD_WITH_ARGS("Exec",
                                SD_BUS_ARGS("as", argv, "a{sv}", options),
                                SD_BUS_RESULT("o", process, "a{sv}", results),
                                bus_operate_from_berth_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetStats",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a{sv}", stats),
                                bus_operate_from_berth_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Freeze",
                                SD_BUS_NO_ARGS,
                                SD_BUS_NO_RESULT,
                                bus_operate_from_berth_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Thaw",
                                SD_BUS_NO_ARGS,
                                SD_BUS_NO_RESULT,
                                bus_operate_from_berth_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetProperties",
                                SD_BUS_ARGS("b", runtime, "a(sv)", properties),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_berth_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_METHOD_WITH_ARGS("OpenConsoleLog",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("h", file),
                                bus_operate_from_berth_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenJournal",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("h", directory),
                                bus_operate_from_berth_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_VTABLE_END
};
