/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/machine.h"
#include "client/moment.h"
#include "client/value.h"
#include "client/verbs/inspect.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static bool is_wanted(const Options *o, const char *name) {
        return !o->properties || strv_contains(o->properties, name);
}

static int format_list(const json_t *list, char **ret) {
        _cleanup_(strv_freep) char **words = NULL;
        const json_t *one;
        size_t i;
        int r;

        json_array_foreach(list, i, one) {
                if (json_is_string(one))
                        r = strv_push(&words, json_string_value(one));
                else
                        r = strv_pushf(&words, "%" JSON_INTEGER_FORMAT, json_integer_value(one));
                if (r < 0)
                        return r;
        }

        return strv_join(words, " ", ret);
}

/* As machinectl has it: times as dates, truth as yes or no. */
static int format_property(const char *name, const json_t *value, char **ret) {
        char moment[MOMENT_SIZE];

        if (endswith(name, "Timestamp") && json_is_integer(value))
                return text_printf(ret, "%s", moment_format((uint64_t) json_integer_value(value), moment));

        switch (json_typeof(value)) {
        case JSON_STRING:
                return text_printf(ret, "%s", json_string_value(value));
        case JSON_INTEGER:
                return text_printf(ret, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        case JSON_TRUE: case JSON_FALSE:
                return text_printf(ret, "%s", json_is_true(value) ? "yes" : "no");
        case JSON_ARRAY:
                return format_list(value, ret);
        default:
                return text_printf(ret, "[not set]");
        }
}

static int print_properties(const Options *o, json_t *properties) {
        const char *name;
        json_t *value;
        int r;

        json_object_foreach(properties, name, value) {
                _cleanup_free_ char *text = NULL;

                if (!is_wanted(o, name))
                        continue;

                r = format_property(name, value, &text);
                if (r < 0)
                        return r;

                /* One that was asked for is printed in any case. */
                if (!*text && !o->all && !o->properties)
                        continue;

                if (o->value)
                        (void) puts(text);
                else
                        (void) printf("%s=%s\n", name, text);
        }

        return 0;
}

/* The same object with the wanted properties only. */
static json_t *filter_properties(const Options *o, json_t *properties) {
        json_t *filtered = json_object();
        const char *name;
        json_t *value;

        json_object_foreach(properties, name, value)
                if (is_wanted(o, name) && json_object_set(filtered, name, value) < 0)
                        break;

        return filtered;
}

static int show_manager(Client *client) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_freep) json_t *properties = NULL;
        int r;

        r = sd_bus_call_method(client->bus, MACHINE1_NAME, MACHINE1_PATH, "org.freedesktop.DBus.Properties",
                               "GetAll", &e, &reply, "s", MACHINE1_MANAGER);
        if (r < 0)
                return complain(r, &e, _("Could not get properties"));

        r = value_read(reply, &properties);
        if (r < 0)
                return log_error(r, _("Could not get properties"));

        if (client->options.format != OUTPUT_TEXT)
                return client_print_json(client, filter_properties(&client->options, properties));

        return print_properties(&client->options, properties);
}

static int print_machines(Client *client, const Machines *list) {
        _cleanup_(json_freep) json_t *all = json_array();
        bool first = true;
        int r;

        for (size_t i = 0; i < list->n; i++) {
                json_t *properties = list->machines[i].properties;

                if (!properties)
                        continue;

                if (client->options.format != OUTPUT_TEXT) {
                        if (json_array_append_new(all, filter_properties(&client->options, properties)) < 0)
                                return -ENOMEM;
                        continue;
                }

                if (!first)
                        (void) putchar('\n');
                first = false;
                r = print_properties(&client->options, properties);
                if (r < 0)
                        return r;
        }

        return client->options.format == OUTPUT_TEXT ? 0 : client_print_json(client, TAKE_PTR(all));
}

int verb_show(Client *client, char *const *args) {
        _cleanup_(machines_done) Machines list = {};
        int r, status = EXIT_SUCCESS;

        r = client_connect(client);
        if (r < 0)
                return r;

        if (!client->options.no_pager)
                screen_start_pager(&client->screen);
        if (!*args)
                return show_manager(client);

        r = machines_request(client->bus, args, machine_request_all, &list);
        if (r < 0)
                return log_error(r, _("Could not get properties"));

        for (size_t i = 0; i < list.n; i++)
                if (!list.machines[i].properties) {
                        const Machine *m = &list.machines[i];

                        (void) log_error(0, _("Could not get machine '%s': %s"), m->name,
                                         m->error_text ?: error_text(m->error));
                        status = EXIT_FAILURE;
                }

        r = print_machines(client, &list);
        return r < 0 ? log_error(r, _("Cannot print the properties")) : status;
}
