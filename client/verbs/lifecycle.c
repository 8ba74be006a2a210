/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "client/agent.h"
#include "client/calls.h"
#include "client/machine.h"
#include "client/results.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

/* One verb that is applied to several machines, all at the same time. */
typedef struct Target {
        Client *client;
        const char *name;
        const char *complaint;          /* with one %s for the name */
        bool *failed;                   /* of all targets together */
} Target;

static int on_done(
                _unused_ Calls *calls,
                _unused_ sd_bus_message *reply,
                const sd_bus_error *e,
                void *userdata) {

        const Target *target = userdata;
        _cleanup_free_ char *what = NULL;
        int r;

        if (!e) {
                results_add_ok(target->client, target->name, NULL, NULL);
                return 0;
        }

        *target->failed = true;
        results_add_error(target->client, target->name, 0, e);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        r = text_printf(&what, target->complaint, target->name);
#pragma GCC diagnostic pop
        if (r < 0)
                return r;

        /* Of what was called at an object that is not there sd-bus says only that. */
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT))
                (void) log_error(0, _("No machine '%s' known"), target->name);
        else
                (void) complain(-sd_bus_error_get_errno(e), e, "%s", what);
        return 0;
}

/* Adds the call of a verb for one machine. */
typedef int (*AddCall)(Calls *calls, const Client *client, Target *target);

static int run_targets(Client *client, char *const *names, AddCall add, const char *complaint) {
        _cleanup_(calls_freep) Calls *calls = NULL;
        _cleanup_free_ Target *targets = NULL;
        size_t n = strv_length(names);
        bool failed = false;
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client);
        results_expect(client, names);
        targets = calloc(n, sizeof(Target));
        if (!targets)
                return -ENOMEM;
        r = calls_new(client->bus, &calls);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                targets[i] = (Target) { client, names[i], complaint, &failed };
                r = add(calls, client, &targets[i]);
                if (r < 0)
                        return log_error(r, _("Cannot call the daemon"));
        }

        r = calls_run(calls);
        if (r < 0)
                return log_error(r, _("Lost the connection to the daemon"));

        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int add_kill(Calls *calls, Target *target, const char *whom, int signo) {
        return calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, "KillMachine", on_done, target,
                         "ssi", target->name, whom, signo);
}

static int add_start(Calls *calls, _unused_ const Client *client, Target *target) {
        return calls_add(calls, MACHINE1_PATH, BERTH_MANAGER, "StartMachine", on_done, target,
                         "sa{sv}", target->name, 0);
}

/* What systemd as PID 1 takes for a request to power off, and embedded guests'
 * runtimes pass on. */
static int add_poweroff(Calls *calls, _unused_ const Client *client, Target *target) {
        return add_kill(calls, target, "leader", SIGRTMIN + 4);
}

/* What PID 1 gets when somebody presses Ctrl-Alt-Del. */
static int add_reboot(Calls *calls, _unused_ const Client *client, Target *target) {
        return add_kill(calls, target, "leader", SIGINT);
}

static int add_user_kill(Calls *calls, const Client *client, Target *target) {
        return add_kill(calls, target, client->options.kill_whom, client->options.signal);
}

static int add_terminate(Calls *calls, _unused_ const Client *client, Target *target) {
        return calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, "TerminateMachine", on_done, target,
                         "s", target->name);
}

/* Methods that machine1 has no word for are called at the machine's own object. */
static int add_to_machine(Calls *calls, Target *target, const char *method) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = machine_object_path(target->name, &path);
        if (r < 0)
                return r;

        return calls_add(calls, path, BERTH_MACHINE, method, on_done, target, NULL);
}

static int add_freeze(Calls *calls, _unused_ const Client *client, Target *target) {
        return add_to_machine(calls, target, "Freeze");
}

static int add_thaw(Calls *calls, _unused_ const Client *client, Target *target) {
        return add_to_machine(calls, target, "Thaw");
}

static int on_stopped(Calls *calls, sd_bus_message *reply, const sd_bus_error *e, void *userdata) {
        const Target *target = userdata;
        const char *how;
        int r;

        if (e)
                return on_done(calls, reply, e, userdata);

        r = sd_bus_message_read(reply, "s", &how);
        if (r < 0)
                return r;

        results_add_ok(target->client, target->name, "end", json_string(how));
        if (!target->client->options.quiet && target->client->options.format == OUTPUT_TEXT)
                (void) printf(streq(how, "killed") ? _("Machine '%s' was killed.\n")
                                                   : _("Machine '%s' has shut down.\n"), target->name);
        return 0;
}

static int add_stop(Calls *calls, const Client *client, Target *target) {
        return calls_add(calls, MACHINE1_PATH, BERTH_MANAGER, "StopMachine", on_stopped, target, "sa{sv}",
                         target->name, 2, "timeout-usec", "t", client->options.timeout_usec,
                         "force", "b", (int) client->options.force);
}

static int verb_start(Client *client, char *const *args) {
        for (char *const *name = args; *name; name++)
                if (!machine_name_is_valid(*name)) {
                        (void) log_error(0, _("Invalid machine name: '%s'"), *name);
                        return -EINVAL;
                }

        return run_targets(client, args, add_start, _("Could not start machine '%s'"));
}

static int verb_stop(Client *client, char *const *args) {
        return run_targets(client, args, add_stop, _("Could not stop machine '%s'"));
}

static int verb_poweroff(Client *client, char *const *args) {
        return run_targets(client, args, add_poweroff, _("Could not power off machine '%s'"));
}

static int verb_reboot(Client *client, char *const *args) {
        return run_targets(client, args, add_reboot, _("Could not reboot machine '%s'"));
}

static int verb_terminate(Client *client, char *const *args) {
        return run_targets(client, args, add_terminate, _("Could not terminate machine '%s'"));
}

static int verb_kill(Client *client, char *const *args) {
        return run_targets(client, args, add_user_kill, _("Could not kill machine '%s'"));
}

static int verb_freeze(Client *client, char *const *args) {
        return run_targets(client, args, add_freeze, _("Could not freeze machine '%s'"));
}

static int verb_thaw(Client *client, char *const *args) {
        return run_targets(client, args, add_thaw, _("Could not thaw machine '%s'"));
}

static const Verb verbs[] = {
        { "start", NULL, "NAME...", 1, VERB_ANY, verb_start,
          N_("Start machines, and wait until they are ready") },
        { "stop", NULL, "NAME...", 1, VERB_ANY, verb_stop,
          N_("Shut machines down, and wait until they have gone") },
        { "poweroff", NULL, "NAME...", 1, VERB_ANY, verb_poweroff,
          N_("Ask machines to shut down") },
        { "reboot", "restart", "NAME...", 1, VERB_ANY, verb_reboot,
          N_("Ask machines to reboot") },
        { "terminate", NULL, "NAME...", 1, VERB_ANY, verb_terminate,
          N_("End machines at once") },
        { "kill", NULL, "NAME...", 1, VERB_ANY, verb_kill,
          N_("Send a signal to processes of machines") },
        { "freeze", "pause", "NAME...", 1, VERB_ANY, verb_freeze,
          N_("Have all processes of machines stand still") },
        { "thaw", "resume", "NAME...", 1, VERB_ANY, verb_thaw,
          N_("Let frozen machines go on") },
        {}
};

VERB_FAMILY(lifecycle, N_("Starting and stopping"), verbs);
