/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/machine.h"
#include "client/table.h"
#include "client/value.h"
#include "client/verbs/inspect.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* What the daemon has in its list; what it does not know is asked for machine by machine. */
typedef struct List {
        Machines machines;
        struct {
                char *class, *service;
        } *rows;                        /* as many as machines */
} List;

static void list_done(List *list) {
        for (size_t i = 0; i < list->machines.n; i++) {
                free(list->rows[i].class);
                free(list->rows[i].service);
        }

        free(list->rows);
        machines_done(&list->machines);
}

static int copy_safely(const char *text, char **ret) {
        *ret = strdup(text);
        if (!*ret)
                return -ENOMEM;

        (void) text_strip_control(*ret);
        return 0;
}

static int list_add(List *list, const char *name, const char *class, const char *service) {
        size_t i = list->machines.n;
        void *grown;
        int r;

        grown = reallocarray(list->rows, i + 1, sizeof(*list->rows));
        if (!grown)
                return -ENOMEM;
        list->rows = grown;
        list->rows[i].class = list->rows[i].service = NULL;

        r = machines_add(&list->machines, name);
        if (r < 0)
                return r;

        r = copy_safely(class, &list->rows[i].class);
        return r < 0 ? r : copy_safely(service, &list->rows[i].service);
}

static int list_read_machined(List *list, bool all, sd_bus_message *reply) {
        const char *name, *class, *service;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssso)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(reply, "(ssso)", &name, &class, &service, NULL)) > 0) {
                if (name[0] == '.' && !all)
                        continue;

                r = list_add(list, name, class, service);
                if (r < 0)
                        return r;
        }

        return r;
}

static int list_read_details(List *list, bool all, sd_bus_message *reply) {
        const char *name, *class, *service;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(sssbssba(iay))");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(reply, 'r', "sssbssba(iay)")) > 0) {
                r = sd_bus_message_read(reply, "sss", &name, &class, &service);
                if (r < 0)
                        return r;

                if (name[0] == '.' && !all)
                        r = sd_bus_message_skip(reply, "bssba(iay)");
                else {
                        r = list_add(list, name, class, service);
                        if (r >= 0)
                                r = machine_read_details(reply,
                                                         &list->machines.machines[list->machines.n - 1]);
                }
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }

        return r;
}

/* machined knows the names only. */
static int list_get(Client *client, List *list) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *details = NULL, *reply = NULL;
        int r;

        r = sd_bus_call_method(client->bus, MACHINE1_NAME, MACHINE1_PATH, BERTH_MANAGER,
                               "ListMachineDetails", NULL, &details, NULL);
        if (r >= 0) {
                r = list_read_details(list, client->options.all, details);
                return r < 0 ? log_error(r, _("Could not get machines")) : 0;
        }

        r = sd_bus_call_method(client->bus, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER, "ListMachines",
                               &e, &reply, NULL);
        if (r < 0)
                return complain(r, &e, _("Could not get machines"));

        r = list_read_machined(list, client->options.all, reply);
        return r < 0 ? log_error(r, _("Could not get machines")) : 0;
}

static int request_details(Client *client, List *list) {
        _cleanup_(calls_freep) Calls *calls = NULL;
        int r;

        r = calls_new(client->bus, &calls);
        if (r < 0)
                return r;

        for (size_t i = 0; i < list->machines.n; i++) {
                Machine *m = &list->machines.machines[i];

                r = m->knows_os ? 0 : machine_request_os(calls, m);
                if (r < 0)
                        return r;
                if (client->options.max_addresses == 0 || m->knows_addresses)
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
        _cleanup_free_ char *name = NULL, *addresses = NULL;
        const Machine *m = &list->machines.machines[i];
        int r;

        name = strdup(m->name);
        if (!name)
                return -ENOMEM;

        r = format_addresses(m, client, &addresses);
        if (r < 0)
                return r;

        return table_add_row(table, (const char *const[]) {
                text_strip_control(name),
                list->rows[i].class,
                list->rows[i].service,
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
        _cleanup_(list_done) List list = {};
        int r;

        if (client->options.max_addresses == ADDRESSES_DEFAULT)
                client->options.max_addresses = client->options.format == OUTPUT_TEXT ? 1 : ADDRESSES_ALL;

        r = client_connect(client);
        if (r < 0)
                return r;

        r = list_get(client, &list);
        if (r < 0)
                return r;

        r = request_details(client, &list);
        if (r < 0)
                return log_error(r, _("Could not get machines"));

        r = list_print(client, &list);
        return r < 0 ? log_error(r, _("Cannot print the list")) : EXIT_SUCCESS;
}
