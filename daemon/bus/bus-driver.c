/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.freedesktop.DBus, for clients of the private socket that take it for a
 * bus (busctl --address=…, GDBus): greeting, and the few questions that they ask
 * of a broker. All signals go to all clients, so rules are accepted and ignored.
 */

#include "daemon/bus/bus.h"
#include "lib/bus/connect.h"

#define DRIVER_NAME "org.freedesktop.DBus"
#define PEER_NAME ":1.1"

static int method_hello(sd_bus_message *msg, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        return sd_bus_reply_method_return(msg, "s", PEER_NAME);
}

static int method_accept(sd_bus_message *msg, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        return sd_bus_reply_method_return(msg, NULL);
}

static bool is_known(const char *name) {
        return streq(name, MACHINE1_NAME) || streq(name, DRIVER_NAME);
}

static int method_get_name_owner(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;
        if (!is_known(name))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_NAME_HAS_NO_OWNER, "Nobody owns '%s'", name);

        return sd_bus_reply_method_return(msg, "s", name);
}

static int method_name_has_owner(
                sd_bus_message *msg,
                _unused_ void *userdata,
                _unused_ sd_bus_error *reterr) {

        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;

        return sd_bus_reply_method_return(msg, "b", is_known(name));
}

static int method_list_names(sd_bus_message *msg, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        return sd_bus_reply_method_return(msg, "as", 2, DRIVER_NAME, MACHINE1_NAME);
}

const sd_bus_vtable bus_driver_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_METHOD("Hello", NULL, "s", method_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AddMatch", "s", NULL, method_accept, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveMatch", "s", NULL, method_accept, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetNameOwner", "s", "s", method_get_name_owner, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("NameHasOwner", "s", "b", method_name_has_owner, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListNames", NULL, "as", method_list_names, SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_VTABLE_END
};
