/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/results.h"
#include "client/value.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

static bool is_open(const json_t *result) {
        return !json_object_get(result, "result");
}

/* Of two with the same name, that without a result: machines may be named twice. */
static json_t *find(const json_t *all, const char *name) {
        json_t *found = NULL, *one;
        size_t i;

        json_array_foreach((json_t *) all, i, one) {
                if (!streq_ptr(json_string_value(json_object_get(one, "machine")), name))
                        continue;
                if (is_open(one))
                        return one;
                found = one;
        }

        return found;
}

/* Returns the machine's object, anew: with its name only. The name is as safe as it is printed. */
static json_t *begin(Client *client, const char *name, bool is_another) {
        _cleanup_free_ char *safe = NULL;
        json_t *one = NULL;

        if (client->options.format == OUTPUT_TEXT)
                return NULL;
        if (!client->results)
                client->results = json_array();

        safe = strdup(name);
        if (!safe)
                return NULL;

        (void) text_strip_control(safe);
        if (!is_another)
                one = find(client->results, safe);
        if (one)
                (void) json_object_clear(one);
        else {
                one = json_object();
                if (json_array_append_new(client->results, one) < 0)
                        return NULL;
        }

        (void) json_object_set_new(one, "machine", value_string(safe));
        return one;
}

void results_expect(Client *client, char *const *names) {
        assert(client);

        if (client->options.format != OUTPUT_TEXT && !client->results)
                client->results = json_array();

        for (; *names; names++)
                (void) begin(client, *names, /* is_another= */ true);
}

void results_add_ok(Client *client, const char *name, const char *key, json_t *value) {
        json_t *one;

        assert(client);
        assert(name);

        one = begin(client, name, /* is_another= */ false);
        (void) json_object_set_new(one, "result", json_string("ok"));
        if (key && one)
                (void) json_object_set_new(one, key, value);
        else
                json_decref(value);
}

static void set_error(json_t *one, const char *error, const char *message) {
        (void) json_object_set_new(one, "result", json_string("error"));
        (void) json_object_set_new(one, "error", value_string(error));
        (void) json_object_set_new(one, "message", value_string(message));
}

void results_add_error(Client *client, const char *name, int error, const sd_bus_error *e) {
        _cleanup_(sd_bus_error_free) sd_bus_error of_number = SD_BUS_ERROR_NULL;
        const char *own = error_bus_name(error);
        json_t *one;

        assert(client);
        assert(name);

        one = begin(client, name, /* is_another= */ false);
        if (!one)
                return;

        /* Of what was called at an object that is not there sd-bus says only that. */
        if (e && sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT))
                set_error(one, error_bus_name(-E_NO_SUCH_MACHINE), error_text(-E_NO_SUCH_MACHINE));
        else if (e && e->name)
                set_error(one, e->name, e->message ?: "");
        else if (own)
                set_error(one, own, error_text(error));
        else {
                (void) sd_bus_error_set_errno(&of_number, error);
                set_error(one, of_number.name ?: SD_BUS_ERROR_FAILED, error_text(error));
        }
}

int results_print(Client *client) {
        json_t *one;
        size_t i;

        assert(client);

        if (!client->results)
                return 0;

        json_array_foreach(client->results, i, one)
                if (is_open(one))
                        set_error(one, SD_BUS_ERROR_NO_REPLY, "Its end was not waited for");

        return client_print_json(client, TAKE_PTR(client->results));
}
