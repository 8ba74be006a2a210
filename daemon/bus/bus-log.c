/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.freedesktop.LogControl1, as org.freedesktop.LogControl1(5) describes it. */

#include "daemon/bus/bus.h"
#include "lib/base/log.h"

static int property_get(
                _unused_ sd_bus *bus,
                _unused_ const char *path,
                _unused_ const char *interface,
                const char *property,
                sd_bus_message *reply,
                _unused_ void *userdata,
                _unused_ sd_bus_error *reterr) {

        const char *value = "berthd";

        if (streq(property, "LogLevel"))
                value = log_level_to_string(log_get_level());
        else if (streq(property, "LogTarget"))
                value = getenv("JOURNAL_STREAM") ? "journal" : "console";

        return sd_bus_message_append(reply, "s", value);
}

static int property_set_level(
                _unused_ sd_bus *bus,
                _unused_ const char *path,
                _unused_ const char *interface,
                _unused_ const char *property,
                sd_bus_message *value,
                _unused_ void *userdata,
                sd_bus_error *reterr) {

        const char *s;
        int r;

        r = sd_bus_message_read(value, "s", &s);
        if (r < 0)
                return r;

        r = log_level_from_string(s);
        if (r < 0)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid log level '%s'", s);

        log_set_level(r);
        return 0;
}

/* Not flagged unprivileged: setting it takes CAP_SYS_ADMIN. The target is where
 * standard error leads, which cannot be changed. */
const sd_bus_vtable bus_log_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", property_get, property_set_level, 0, 0),
        SD_BUS_PROPERTY("LogTarget", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),

        SD_BUS_VTABLE_END
};
