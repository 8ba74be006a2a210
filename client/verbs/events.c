/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <systemd/sd-event.h>

#include "client/moment.h"
#include "client/value.h"
#include "client/verbs/inspect.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

/* How often to look for a daemon that has gone with its socket. */
#define RETRY_USEC (250 * USEC_PER_MSEC)

typedef struct Events {
        Client *client;
        char *const *names;             /* empty: of all machines */
        sd_event *event;
        sd_event_source *retry, *end;
        bool is_gone;                   /* the daemon, and it was told */
} Events;

static bool is_wanted(const Events *e, const char *name) {
        return !e->names[0] || strv_contains(e->names, name);
}

/* " status=1 cause=exit" */
static int format_details(const json_t *details, char **ret) {
        _cleanup_(strv_freep) char **words = NULL;
        const char *key;
        json_t *value;
        int r = 0;

        json_object_foreach((json_t *) details, key, value) {
                _cleanup_free_ char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

                r = strv_pushf(&words, " %s=%s", key, json_string_value(value) ?: text ?: "");
                if (r < 0)
                        return r;
        }

        return strv_join(words, "", ret);
}

static int print_text(uint64_t at, const char *name, const char *event, const json_t *details) {
        _cleanup_free_ char *safe = strdup(name), *text = NULL;
        char date[MOMENT_SIZE];
        int r;

        if (!safe)
                return -ENOMEM;

        r = format_details(details, &text);
        if (r < 0)
                return r;

        return printf("%s %s %s%s\n", moment_format(at, date), text_strip_control(safe), event,
                      text_strip_control(text)) < 0 ? -EIO : 0;
}

static int print_event(Events *e, const char *name, const char *event, json_t *details) {
        uint64_t at = moment_now();
        json_t *line;
        int r;

        if (!is_wanted(e, name))
                return 0;

        if (e->client->options.format == OUTPUT_TEXT)
                r = print_text(at, name, event, details);
        else {
                line = json_pack("{s:I, s:o, s:o, s:O}", "timestamp", (json_int_t) at,
                                 "name", value_string(name), "event", value_string(event),
                                 "details", details);
                r = line ? client_print_json(e->client, line) : -ENOMEM;
        }
        if (r >= 0 && fflush(stdout) != 0)
                r = -EIO;

        return r < 0 ? sd_event_exit(e->event, r) : 0;
}

static int on_event(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        _cleanup_(json_freep) json_t *details = NULL;
        const char *name, *event;

        if (sd_bus_message_read(m, "ss", &name, &event) < 0 || value_read(m, &details) <= 0)
                return 0;

        return print_event(userdata, name, event, details);
}

static int print_plain(sd_bus_message *m, Events *e, const char *event) {
        _cleanup_(json_freep) json_t *details = json_object();
        const char *name;

        if (!details || sd_bus_message_read(m, "s", &name) < 0)
                return 0;

        return print_event(e, name, event, details);
}

static int on_new(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        return print_plain(m, userdata, "new");
}

static int on_removed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        return print_plain(m, userdata, "removed");
}

static void note_presence(Events *e, bool is_there) {
        if (e->is_gone != is_there)
                return;

        e->is_gone = !is_there;
        if (is_there)
                log_notice(_("berthd is back."));
        else
                log_notice(_("berthd has gone, waiting for it. What happens meanwhile is not told."));
}

static int on_owner_changed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        const char *owner;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &owner) >= 0)
                note_presence(userdata, !isempty(owner));
        return 0;
}

static int start_retries(Events *e);

/* Without a broker, the connection ends with the daemon. */
static int on_disconnected(_unused_ sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Events *e = userdata;
        int r;

        note_presence(e, false);
        r = start_retries(e);
        return r < 0 ? sd_event_exit(e->event, r) : 0;
}

static int subscribe(Events *e) {
        sd_bus *bus = e->client->bus;
        bool has_broker = sd_bus_is_bus_client(bus) > 0;
        const struct {
                const char *sender, *path, *interface, *member;
                sd_bus_message_handler_t handler;
        } matches[] = {
                { MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER, "MachineNew", on_new },
                { MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER, "MachineRemoved", on_removed },
                { MACHINE1_NAME, MACHINE1_PATH, BERTH_MANAGER, "MachineEvent", on_event },
                { NULL, "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                  on_disconnected },
        };
        int r;

        r = sd_bus_attach_event(bus, e->event, SD_EVENT_PRIORITY_NORMAL);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(matches); i++)
                r = sd_bus_match_signal(bus, NULL, has_broker ? matches[i].sender : NULL, matches[i].path,
                                        matches[i].interface, matches[i].member, matches[i].handler, e);
        if (r >= 0 && has_broker)
                r = sd_bus_add_match(bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',"
                                     "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                                     "arg0='" MACHINE1_NAME "'",
                                     on_owner_changed, e);

        return r;
}

static int on_retry(sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Events *e = userdata;
        int r;

        e->client->bus = sd_bus_close_unref(e->client->bus);
        r = bus_connect(&e->client->bus);
        if (r < 0) {
                r = sd_event_source_set_time_relative(source, RETRY_USEC);
                if (r >= 0)
                        r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        } else {
                r = subscribe(e);
                if (r >= 0)
                        note_presence(e, true);
        }

        return r < 0 ? sd_event_exit(e->event, r) : 0;
}

static int start_retries(Events *e) {
        e->retry = sd_event_source_disable_unref(e->retry);
        return sd_event_add_time_relative(e->event, &e->retry, CLOCK_MONOTONIC, RETRY_USEC, 0, on_retry, e);
}

static void events_done(Events *e) {
        sd_event_source_disable_unref(e->retry);
        sd_event_source_disable_unref(e->end);
        if (e->client->bus)
                (void) sd_bus_detach_event(e->client->bus);
        sd_event_unref(e->event);
}

/* Nothing of ours is on its way; sd-bus would flush it all the same, and wait for a daemon that may not
 * answer. */
static int on_end(_unused_ sd_event_source *source, void *userdata) {
        Events *e = userdata;

        if (e->client->bus)
                (void) sd_bus_detach_event(e->client->bus);
        e->client->bus = sd_bus_close_unref(e->client->bus);
        return 0;
}

static int watch_end(Events *e) {
        int r;

        r = sd_event_add_exit(e->event, &e->end, on_end, e);
        return r < 0 ? r : sd_event_source_set_priority(e->end, SD_EVENT_PRIORITY_IMPORTANT);
}

int verb_events(Client *client, char *const *args) {
        _cleanup_(events_done) Events e = { .client = client, .names = args };
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        r = client_new_event(&e.event);
        if (r >= 0)
                r = watch_end(&e);
        if (r >= 0)
                r = subscribe(&e);
        if (r >= 0)
                r = sd_event_loop(e.event);

        return r < 0 ? log_error(r, _("Cannot tell of machines")) : EXIT_SUCCESS;
}
