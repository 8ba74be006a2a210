/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/machine.h"
#include "client/table.h"
#include "client/value.h"
#include "client/verbs/inspect.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* What ListMachines says of each; the rest is asked for machine by machine. */
typedef struct List {
        Machines machines;
        char **classes, **services;     /* as many as machines */
} List;

static void list_done(List *list) {
        machines_done(&list->machines);
        (void) strv_free(list->classes);
        (void) strv_free(list->services);
}

static int list_add(List *list, const char *name, const char *class, const char *service, const char *path) {
        int r;

        r = machines_add(&list->machines, name, path);
        if (r < 0)
                return r;
        r = strv_push(&list->classes, class);
        if (r < 0)
                return r;

        return strv_push(&list->services, service);
}

static int list_read(List *list, bool all, sd_bus_message *reply) {
        const char *name, *class, *service, *path;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssso)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(reply, "(ssso)", &name, &class, &service, &path)) > 0) {
                if (name[0] == '.' && !all)
                        continue;

                r = list_add(list, name, class, service, path);
                if (r < 0)
                        return r;
        }

        return r;
}

static int request_details(Client *client, List *list) {
        _cleanup_(calls_freep) Calls *calls = NULL;
        int r;

        r = calls_new(client->bus, &calls);
        if (r < 0)
                return r;

        for (size_t i = 0; i < list->machines.n; i++) {
                Machine *m = &list->machines.machines[i];

                r = machine_request_os(calls, m);
                if (r < 0)
                        return r;
                if (client->options.max_addresses == 0)
                        continue;
                r = machine_request_addresses(calls, m);
                if (r < 0)
                        return r;
        }

        return calls_run(calls);
}

/* One a line; for people with an ellipsis where there are more than were asked for. */
static int format_addresses(const Machine *m, const Client *client, char **ret) {
        _cleanup_(strv_freep) char **lines = NULL;
        size_t n = MIN(m->n_addresses, (size_t) client->options.max_addresses);
        bool more = n > 0 && n < m->n_addresses && client->options.format == OUTPUT_TEXT;
        int r;

        for (size_t i = 0; i < n; i++) {
                r = strv_pushf(&lines, "%s%s", m->addresses[i].text,
                               more && i == n - 1 ? screen_ellipsis(&client->screen) : "");
                if (r < 0)
                        return r;
        }

        return strv_join(lines, "\n", ret);
}

static int add_row(Table *table, const Client *client, const List *list, size_t i) {
        _cleanup_free_ char *name = NULL, *class = NULL, *service = NULL, *addresses = NULL;
        const Machine *m = &list->machines.machines[i];
        int r;

        name = strdup(m->name);
        class = strdup(list->classes[i]);
        service = strdup(list->services[i]);
        if (!name || !class || !service)
                return -ENOMEM;

        r = format_addresses(m, client, &addresses);
        if (r < 0)
                return r;

        return table_add_row(table, (const char *const[]) {
                text_strip_control(name),
                text_strip_control(class),
                text_strip_control(service),
                value_get_string(m->os, "ID"),
                value_get_string(m->os, "VERSION_ID"),
                addresses,
        });
}

static int list_print(Client *client, const List *list) {
        static const char *const headings[] = {
                "MACHINE", "CLASS", "SERVICE", "OS", "VERSION", "ADDRESSES", NULL,
        };
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = table_new(headings, &table);
        if (r < 0)
                return r;

        for (size_t i = 0; i < list->machines.n; i++) {
                r = add_row(table, client, list, i);
                if (r < 0)
                        return r;
        }

        table_sort(table);
        if (!client->options.no_pager)
                screen_start_pager(&client->screen);

        return table_print(table, client, _("%zu machines listed."), _("No machines."));
}

int verb_list(Client *client, _unused_ char *const *args) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(list_done) List list = {};
        int r;

        if (client->options.max_addresses == ADDRESSES_DEFAULT)
                client->options.max_addresses = client->options.format == OUTPUT_TEXT ? 1 : ADDRESSES_ALL;

        r = client_connect(client);
        if (r < 0)
                return r;

        r = sd_bus_call_method(client->bus, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER, "ListMachines",
                               &e, &reply, NULL);
        if (r < 0)
                return complain(r, &e, _("Could not get machines"));

        r = list_read(&list, client->options.all, reply);
        if (r >= 0)
                r = request_details(client, &list);
        if (r < 0)
                return log_error(r, _("Could not get machines"));

        r = list_print(client, &list);
        return r < 0 ? log_error(r, _("Cannot print the list")) : EXIT_SUCCESS;
}
