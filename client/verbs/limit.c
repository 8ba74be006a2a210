/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/agent.h"
#include "client/machine.h"
#include "client/results.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/bus/property.h"

static int refuse(const char *assignment, int error) {
        if (!strchr(assignment, '='))
                (void) log_error(0, _("Not an assignment, PROPERTY=VALUE: '%s'"), assignment);
        else if (error == -EOPNOTSUPP)
                (void) log_error(0, _("Unknown property: '%s'"), assignment);
        else
                (void) log_error(error, _("Cannot understand '%s'"), assignment);

        return error;
}

static int append_properties(sd_bus_message *m, char *const *assignments) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "(sv)");
        if (r < 0)
                return r;

        for (char *const *a = assignments; *a; a++) {
                SpecProperty p;

                r = spec_property_parse(*a, &p);
                if (r < 0)
                        return refuse(*a, r);

                r = bus_append_property(m, &p);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(m);
}

static int make_call(const Client *client, char *const *args, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = machine_object_path(args[0], &path);
        if (r >= 0)
                r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, path, BERTH_MACHINE,
                                                   "SetProperties");
        if (r >= 0)
                r = sd_bus_message_append(m, "b", (int) client->options.runtime);
        if (r >= 0)
                r = append_properties(m, args + 1);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

static int verb_set(Client *client, char *const *args) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client); /* before the message is made, which says whether anybody may be asked */
        r = make_call(client, args, &m);
        if (r < 0)
                return r;

        r = sd_bus_call(client->bus, m, UINT64_MAX, &e, NULL);
        if (r < 0)
                results_add_error(client, args[0], r, &e);
        else
                results_add_ok(client, args[0], NULL, NULL);
        if (sd_bus_error_has_name(&e, SD_BUS_ERROR_UNKNOWN_OBJECT)) {
                (void) log_error(0, _("No machine '%s' known"), args[0]);
                return r;
        }

        return r < 0 ? complain(r, &e, _("Could not set limits of machine '%s'"), args[0]) : EXIT_SUCCESS;
}

static const Verb verbs[] = {
        { "set", NULL, "NAME PROPERTY=VALUE...", 2, VERB_ANY, verb_set,
          N_("Set limits of a machine, while it runs") },
        {}
};

VERB_FAMILY(limit, N_("Limits"), verbs);
