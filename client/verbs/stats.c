/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "client/usage.h"
#include "client/verbs/inspect.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

typedef struct Stats {
        Client *client;
        char *const *names;             /* empty: of all machines */
        Usages before;
        bool has_before;
} Stats;

static void stats_done(Stats *s) {
        usages_done(&s->before);
}

static int list_names(const Stats *s, char ***ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(strv_freep) char **names = NULL;
        const char *name;
        int r;

        r = sd_bus_call_method(s->client->bus, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER,
                               "ListMachines", NULL, &reply, NULL);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssso)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(reply, "(ssso)", &name, NULL, NULL, NULL)) > 0)
                if ((name[0] != '.' || s->client->options.all) && (r = strv_push(&names, name)) < 0)
                        break;
        if (r < 0)
                return r;

        *ret = TAKE_PTR(names);
        return 0;
}

static int read_all(const Stats *s, Usages *ret) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        if (s->names[0])
                return usages_request(s->client->bus, s->names, ret);

        r = list_names(s, &names);
        return r < 0 ? r : usages_request(s->client->bus, names, ret);
}

/* Of those that nobody has named, some may have gone between the list and the question.
 * Returns how many of those that were named have not answered. */
static size_t complain_of_missing(const Stats *s, const Usages *now) {
        size_t n = 0;

        for (size_t i = 0; s->names[0] && i < now->n; i++) {
                const Usage *u = &now->list[i];
                sd_bus_error e = { .name = SD_BUS_ERROR_FAILED, .message = u->error_text };

                if (u->error == 0)
                        continue;

                n++;
                if (u->error_text)
                        (void) complain(u->error, &e, _("Could not get statistics of machine '%s'"),
                                        u->name);
                else
                        (void) log_error(0, _("No machine '%s' known"), u->name);
        }

        return n;
}

static int print_all(const Stats *s, const Usages *now) {
        const Usages *before = s->has_before ? &s->before : NULL;
        _cleanup_(table_freep) Table *table = NULL;
        json_t *json;
        int r;

        if (s->client->options.format != OUTPUT_TEXT) {
                r = usages_to_json(now, before, &json);
                return r < 0 ? r : client_print_json(s->client, json);
        }

        r = usages_to_table(now, before, &table);
        return r < 0 ? r : table_print(table, s->client, _("%zu machines listed."), _("No machines."));
}

/* A daemon that has gone will be back; so may the connection to it. */
static bool is_connected(Client *client) {
        if (client->bus && sd_bus_is_open(client->bus) <= 0)
                client->bus = sd_bus_flush_close_unref(client->bus);

        return client->bus || bus_connect(&client->bus) >= 0;
}

static int watch_once(Stats *s) {
        _cleanup_(usages_done) Usages now = {};
        int r;

        if (!is_connected(s->client) || read_all(s, &now) < 0)
                return 0;

        if (s->client->screen.is_terminal && s->client->options.format == OUTPUT_TEXT)
                (void) fputs("\x1b[H\x1b[2J", stdout);

        s->has_before = true; /* if only to say that no share is known yet */
        r = print_all(s, &now);
        if (r < 0 || fflush(stdout) != 0)
                return r < 0 ? r : -EIO;

        usages_done(&s->before);
        s->before = now;
        now = (Usages) {};
        return 0;
}

static int on_time(sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Stats *s = userdata;
        int r;

        r = watch_once(s);
        if (r >= 0)
                r = sd_event_source_set_time_relative(source, s->client->options.watch_usec);
        if (r >= 0)
                r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);

        return r < 0 ? sd_event_exit(sd_event_source_get_event(source), r) : 0;
}

static int watch(Stats *s) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        int r;

        r = client_new_event(&event);
        if (r >= 0)
                r = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, 0, 0, on_time, s);
        if (r >= 0)
                r = sd_event_loop(event);

        return r < 0 ? log_error(r, _("Cannot watch machines")) : EXIT_SUCCESS;
}

int verb_stats(Client *client, char *const *args) {
        _cleanup_(stats_done) Stats s = { .client = client, .names = args };
        _cleanup_(usages_done) Usages now = {};
        size_t n_failed;
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        if (client->options.watch_usec > 0)
                return watch(&s);

        r = read_all(&s, &now);
        if (r < 0)
                return log_error(r, _("Could not get statistics"));

        n_failed = complain_of_missing(&s, &now);
        if (n_failed > 0 && n_failed == now.n && client->options.format == OUTPUT_TEXT)
                return EXIT_FAILURE;
        if (!client->options.no_pager)
                screen_start_pager(&client->screen);

        r = print_all(&s, &now);
        return r < 0 ? log_error(r, _("Cannot print the list")) : n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
