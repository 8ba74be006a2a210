/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which machines are started with the host, and that. */

#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "client/agent.h"
#include "client/results.h"
#include "client/starts.h"
#include "client/table.h"
#include "client/value.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* More would only keep each other from becoming ready in time. */
#define STARTS_PER_CPU 2

/* Starting */

typedef struct Run {
        Client *client;
        sd_event *event;
        sd_event_source *timer;
        Starts starts;
        unsigned n_parallel;
} Run;

/* One that is under way: what sd-bus gives back with the answer. */
typedef struct Pending {
        Run *run;
        Start *start;
} Pending;

static void run_done(Run *run) {
        (void) sd_event_source_disable_unref(run->timer);
        if (run->event)
                (void) sd_bus_detach_event(run->client->bus);
        (void) sd_event_unref(run->event);
        starts_done(&run->starts);
}

static int go_on(Run *run);

/* One that runs already is what was wanted. */
static int on_started(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Pending *p = userdata;
        Run *run = p->run;
        Start *start = p->start;

        free(p);
        if (!e || sd_bus_error_has_name(e, "org.freedesktop.machine1.MachineExists")) {
                start->state = START_READY;
                results_add_ok(run->client, start->name, NULL, NULL);
        } else {
                start->state = START_FAILED;
                results_add_error(run->client, start->name, 0, e);
                (void) complain(-sd_bus_error_get_errno(e), e, _("Could not start machine '%s'"),
                                start->name);
        }

        return go_on(run);
}

/* There is no limit to the time that it may take: a person may have to be asked, or a machine to boot. */
static int send_start(Run *run, Start *start) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *bus = run->client->bus;
        Pending *p;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MACHINE1_NAME, MACHINE1_PATH, BERTH_MANAGER,
                                           "StartMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "sa{sv}", start->name, 0);
        if (r < 0)
                return r;

        p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;

        *p = (Pending) { run, start };
        r = sd_bus_call_async(bus, NULL, m, on_started, p, UINT64_MAX);
        if (r < 0) {
                free(p);
                return r;
        }

        start->state = START_UNDER_WAY;
        return 0;
}

static int on_due(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        return go_on(userdata);
}

static int set_timer(Run *run, uint64_t due) {
        if (due == UINT64_MAX)
                return 0;
        if (!run->timer)
                return sd_event_add_time(run->event, &run->timer, CLOCK_MONOTONIC, due, 0, on_due, run);
        if (sd_event_source_set_time(run->timer, due) < 0)
                return -EIO;

        return sd_event_source_set_enabled(run->timer, SD_EVENT_ONESHOT);
}

/* Starts what can be started now. The loop ends with the last one. */
static int go_on(Run *run) {
        uint64_t now, due = UINT64_MAX;
        int r;

        r = sd_event_now(run->event, CLOCK_MONOTONIC, &now);
        if (r < 0)
                return sd_event_exit(run->event, r);

        while (starts_count(&run->starts, START_UNDER_WAY) < run->n_parallel) {
                Start *next = starts_next(&run->starts, now, &due);

                if (!next)
                        break;
                r = send_start(run, next);
                if (r < 0)
                        return sd_event_exit(run->event, r);
        }

        if (starts_count(&run->starts, START_UNDER_WAY) + starts_count(&run->starts, START_WAITING) == 0)
                return sd_event_exit(run->event, 0);

        r = set_timer(run, due);
        return r < 0 ? sd_event_exit(run->event, r) : 0;
}

static void tell_left_out(Client *client, const Starts *starts) {
        for (size_t i = 0; i < starts->n; i++) {
                const Start *start = starts->list[i];

                if (start->state != START_LEFT_OUT)
                        continue;

                (void) log_error(0, _("Did not start machine '%s': it waits for '%s'."), start->name,
                                 start->blocker);
                results_add_error(client, start->name, -ECANCELED, NULL);
        }
}

static unsigned choose_parallel(const Options *o) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        if (o->parallel > 0)
                return o->parallel;

        return STARTS_PER_CPU * (cpus > 0 ? (unsigned) cpus : 1);
}

static int run_starts(Run *run) {
        int r;

        run->n_parallel = choose_parallel(&run->client->options);

        r = sd_event_default(&run->event);
        if (r >= 0)
                r = sd_bus_attach_event(run->client->bus, run->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = starts_complete(&run->starts);
        if (r >= 0)
                r = go_on(run);
        if (r >= 0)
                r = sd_event_loop(run->event);
        if (r < 0)
                return log_error(r, _("Lost the connection to the daemon"));

        tell_left_out(run->client, &run->starts);
        return starts_count(&run->starts, START_READY) == run->starts.n ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What is enabled */

typedef struct Enabled {
        const char *name;
        int32_t order;
        uint64_t delay_usec;
        char **after, **requires;
} Enabled;

static void enabled_done(Enabled *e) {
        (void) strv_free(e->after);
        (void) strv_free(e->requires);
}

static int read_enabled(sd_bus_message *reply, Enabled *ret) {
        Enabled e = {};
        int r;

        r = sd_bus_message_enter_container(reply, 'r', "sitasas");
        if (r <= 0)
                return r;

        r = sd_bus_message_read(reply, "sit", &e.name, &e.order, &e.delay_usec);
        if (r >= 0)
                r = sd_bus_message_read_strv(reply, &e.after);
        if (r >= 0)
                r = sd_bus_message_read_strv(reply, &e.requires);
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r < 0) {
                enabled_done(&e);
                return r;
        }

        *ret = e;
        return 1;
}

/* Calls @add for each, in the order in which they are to be started. */
static int for_each_enabled(Client *client, int (*add)(void *userdata, const Enabled *e), void *userdata) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Enabled e;
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        r = sd_bus_call_method(client->bus, MACHINE1_NAME, MACHINE1_PATH, BERTH_MANAGER,
                               "ListEnabledMachines", &error, &reply, NULL);
        if (r < 0)
                return complain(r, &error, _("Could not list the machines that are enabled"));

        r = sd_bus_message_enter_container(reply, 'a', "(sitasas)");
        while (r >= 0 && (r = read_enabled(reply, &e)) > 0) {
                r = add(userdata, &e);
                enabled_done(&e);
        }

        return r < 0 ? log_error(r, _("Cannot read the daemon's answer")) : 0;
}

static json_t *names_to_json(char *const *names) {
        json_t *all = json_array();

        for (; names && *names; names++)
                (void) json_array_append_new(all, value_string(*names));

        return all;
}

static int add_object(void *userdata, const Enabled *e) {
        json_t *one;

        one = json_pack("{s:o, s:i, s:I, s:o, s:o}", "machine", value_string(e->name), "order", e->order,
                        "delay_usec", (json_int_t) e->delay_usec, "after", names_to_json(e->after),
                        "requires", names_to_json(e->requires));
        return json_array_append_new(userdata, one) < 0 ? -ENOMEM : 0;
}

static int print_enabled_json(Client *client) {
        _cleanup_(json_freep) json_t *all = json_array();
        int r;

        r = for_each_enabled(client, add_object, all);
        return r < 0 ? r : client_print_json(client, TAKE_PTR(all));
}

static int add_row(void *userdata, const Enabled *e) {
        _cleanup_free_ char *after = NULL, *requires = NULL;
        char order[16] = "", delay[32] = "";
        int r;

        r = strv_join(e->after, " ", &after);
        if (r >= 0)
                r = strv_join(e->requires, " ", &requires);
        if (r < 0)
                return r;

        (void) snprintf(order, sizeof(order), "%" PRIi32, e->order);
        if (e->delay_usec > 0)
                (void) snprintf(delay, sizeof(delay), "%" PRIu64 "s", e->delay_usec / USEC_PER_SEC);

        return table_add_row(userdata, (const char *const[]) { e->name, order, delay, after, requires });
}

static int verb_list_enabled(Client *client, _unused_ char *const *args) {
        static const char *const headings[] = { "MACHINE", "ORDER", "DELAY", "AFTER", "REQUIRES", NULL };
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (client->options.format != OUTPUT_TEXT)
                return print_enabled_json(client);

        r = table_new(headings, &table);
        if (r >= 0)
                r = for_each_enabled(client, add_row, table);
        if (r < 0)
                return r;

        return table_print(table, client, _("%zu machines enabled."), _("No machines are enabled."));
}

static int add_enabled_start(void *userdata, const Enabled *e) {
        return starts_add(userdata, e->name, e->delay_usec, e->after, e->requires);
}

static int verb_autostart(Client *client, _unused_ char *const *args) {
        _cleanup_(run_done) Run run = { .client = client };
        int r;

        r = for_each_enabled(client, add_enabled_start, &run.starts);
        if (r < 0)
                return r;

        agent_start(client);
        results_expect(client, (char *const[]) { NULL });
        return run_starts(&run);
}

/* Enabling and disabling */

static int append_names(sd_bus_message *m, const char *key, char *const *names) {
        int r;

        if (!names)
                return 0;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) names);
        for (unsigned i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);

        return r;
}

static int append_options(sd_bus_message *m, const Options *o) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && o->order > 0)
                r = sd_bus_message_append(m, "{sv}", "order", "i", (int32_t) o->order);
        if (r >= 0 && o->delay > 0)
                r = sd_bus_message_append(m, "{sv}", "delay-usec", "t", o->delay * USEC_PER_SEC);
        if (r >= 0)
                r = append_names(m, "after", o->after);
        if (r >= 0)
                r = append_names(m, "requires", o->requires);

        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int change_one(Client *client, const char *method, const char *name, bool has_options) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, MACHINE1_PATH, BERTH_MANAGER,
                                           method);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0 && has_options)
                r = append_options(m, &client->options);
        if (r < 0)
                return log_error(r, _("Cannot call the daemon"));

        r = sd_bus_call(client->bus, m, UINT64_MAX, &e, NULL);
        if (r < 0) {
                results_add_error(client, name, r, &e);
                return complain(r, &e, _("Could not change whether machine '%s' is enabled"), name);
        }

        results_add_ok(client, name, NULL, NULL);
        return 0;
}

static int change_all(Client *client, const char *method, char *const *names, bool has_options) {
        int r, status = EXIT_SUCCESS;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client);
        results_expect(client, names);
        for (; *names; names++)
                if (change_one(client, method, *names, has_options) < 0)
                        status = EXIT_FAILURE;

        return status;
}

static int verb_enable(Client *client, char *const *args) {
        _cleanup_(run_done) Run run = { .client = client };
        const Options *o = &client->options;
        int r;

        r = change_all(client, "EnableMachine", args, /* has_options= */ true);
        if (r != EXIT_SUCCESS || !o->now)
                return r;

        for (; *args; args++) {
                r = starts_add(&run.starts, *args, 0, o->after, o->requires);
                if (r < 0)
                        return r;
        }

        return run_starts(&run);
}

static int stop(Client *client, const char *name) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, MACHINE1_PATH, BERTH_MANAGER,
                                           "StopMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "sa{sv}", name, 0);
        if (r >= 0)
                r = sd_bus_call(client->bus, m, UINT64_MAX, &e, NULL);
        if (r < 0 && sd_bus_error_has_name(&e, "org.freedesktop.machine1.NoSuchMachine"))
                return 0;
        if (r < 0) {
                results_add_error(client, name, r, &e);
                return complain(r, &e, _("Could not stop machine '%s'"), name);
        }

        return 0;
}

static int verb_disable(Client *client, char *const *args) {
        int status;

        status = change_all(client, "DisableMachine", args, /* has_options= */ false);
        if (status < 0 || !client->options.now)
                return status;

        for (; *args; args++)
                if (stop(client, *args) < 0)
                        status = EXIT_FAILURE;

        return status;
}

static const Verb verbs[] = {
        { "enable", NULL, "NAME...", 1, VERB_ANY, verb_enable,
          N_("Have machines started with the host") },
        { "disable", NULL, "NAME...", 1, VERB_ANY, verb_disable,
          N_("Have machines no longer started with the host") },
        { "list-enabled", NULL, "", 0, 0, verb_list_enabled,
          N_("List the machines that are started with the host") },
        { "autostart", NULL, "", 0, 0, verb_autostart,
          N_("Start all machines that are enabled, in their order") },
        {}
};

VERB_FAMILY(autostart, N_("With the host"), verbs);
