/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/descriptions.h"
#include "daemon/varlink/varlink-service.h"
#include "lib/base/log.h"

static void get_info(VarlinkServer *s, VarlinkCall *call) {
        json_t *interfaces = json_array();

        for (const VarlinkInterface *const *i = varlink_server_interfaces(s); *i; i++)
                (void) json_array_append_new(interfaces, json_string((*i)->name));

        varlink_call_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}",
                                           "vendor", "berth",
                                           "product", "berthd",
                                           "version", BERTH_VERSION,
                                           "url", "man:berthd(8)",
                                           "interfaces", interfaces));
}

static void get_interface_description(VarlinkServer *s, VarlinkCall *call) {
        const char *name = varlink_get_string(varlink_call_parameters(call), "interface");

        for (const VarlinkInterface *const *i = varlink_server_interfaces(s); *i; i++)
                if (streq((*i)->name, name)) {
                        varlink_call_reply(call, json_pack("{s:s}", "description", (*i)->description));
                        return;
                }

        varlink_call_fail(call, VARLINK_INTERFACE_NOT_FOUND,
                          json_pack("{s:o}", "interface", varlink_string(name)));
}

static void ping(_unused_ VarlinkServer *s, VarlinkCall *call) {
        varlink_call_reply(call, json_object());
}

/* Returns whether the caller is root; if not, the call has been answered. */
static bool check_root(VarlinkCall *call) {
        uid_t uid = varlink_call_peer(call)->uid;

        if (uid == 0 || uid == getuid())
                return true;

        varlink_call_fail(call, VARLINK_PERMISSION_DENIED, NULL);
        return false;
}

static void set_log_level(_unused_ VarlinkServer *s, VarlinkCall *call) {
        json_int_t level = -1;

        (void) varlink_get_int(varlink_call_parameters(call), "level", &level);
        if (level < LOG_EMERG || level > LOG_DEBUG) {
                varlink_call_fail_parameter(call, "level");
                return;
        }

        if (!check_root(call))
                return;

        log_set_level((int) level);
        varlink_call_reply(call, json_object());
}

static void get_environment(_unused_ VarlinkServer *s, VarlinkCall *call) {
        json_t *environment;

        if (!check_root(call))
                return;

        environment = json_array();
        for (char **i = environ; *i; i++)
                if (json_array_append_new(environment, json_string(*i)) < 0) {
                        json_decref(environment);
                        varlink_call_fail(call, "io.systemd.service.InconsistentEnvironment", NULL);
                        return;
                }

        varlink_call_reply(call, json_pack("{s:o}", "environment", environment));
}

const VarlinkInterface varlink_service_interface = {
        .name = "org.varlink.service",
        .description = text_org_varlink_service,
        .methods = (const VarlinkMethod[]) {
                { "GetInfo", NULL, get_info },
                { "GetInterfaceDescription",
                  (const VarlinkField[]) { { "interface", VARLINK_STRING, true }, {} },
                  get_interface_description },
                {},
        },
};

const VarlinkInterface varlink_systemd_interface = {
        .name = "io.systemd.service",
        .description = text_io_systemd_service,
        .methods = (const VarlinkMethod[]) {
                { "Ping", NULL, ping },
                { "SetLogLevel",
                  (const VarlinkField[]) { { "level", VARLINK_INT, true }, {} },
                  set_log_level },
                { "GetEnvironment", NULL, get_environment },
                {},
        },
};
