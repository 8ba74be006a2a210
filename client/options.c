/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <unistd.h>

#include "client/keys.h"
#include "client/options.h"
#include "client/signals.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* In seconds; a hundred years are as long as one likes. */
#define TIMEOUT_MAX UINT64_C(3155760000)

/* In seconds. */
#define WATCH_DEFAULT 2
#define WATCH_MAX 86400

#define LINES_MAX 1000000
#define DELAY_MAX (24 * 3600) /* seconds, as the daemon has it */
#define PARALLEL_MAX 1024

static int set_elsewhere(_unused_ Options *o, const char *argument) {
        (void) log_error(0, _("Cannot go to '%s': berthctl manages the machines of this host only."),
                         argument);
        return -EINVAL;
}

/* Machines of users have no manager of their own, which machinectl's option of this name asks for. */
static int set_system(_unused_ Options *o, _unused_ const char *argument) {
        return 0;
}

/* As machinectl has it, but that containers are run by berth-run. */
static int set_runner(_unused_ Options *o, const char *argument) {
        if (streq_ptr(argument, "nspawn"))
                return 0;
        if (argument && !streq(argument, "vmspawn")) {
                (void) log_error(0, _("Failed to parse --runner: '%s' is not nspawn or vmspawn."),
                                 argument);
                return -EINVAL;
        }

        (void) log_error(0, _("Not supported: berthctl starts no virtual machines."));
        return -EOPNOTSUPP;
}

static int set_property(Options *o, const char *argument) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        r = strv_split(argument, ",", &names);
        if (r < 0)
                return r;

        for (char **name = names; *name; name++) {
                r = strv_push(&o->properties, *name);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int set_property_value(Options *o, const char *argument) {
        o->value = true;
        return set_property(o, argument);
}

static int set_kill_whom(Options *o, const char *argument) {
        static const char *const words[] = { "leader", "all", "supervisor" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(argument, words[i])) {
                        o->kill_whom = words[i];
                        return 0;
                }

        (void) log_error(0, _("Failed to parse --kill-whom: '%s' is not leader, all or supervisor."),
                         argument);
        return -EINVAL;
}

static int set_signal(Options *o, const char *argument) {
        int signo;

        if (streq(argument, "help") || streq(argument, "list")) {
                signals_print();
                return 1;
        }

        signo = signal_from_string(argument);
        if (signo < 0) {
                (void) log_error(0, _("Failed to parse signal string %s."), argument);
                return -EINVAL;
        }

        o->signal = signo;
        return 0;
}

static int set_uid(Options *o, const char *argument) {
        o->uid = argument;
        return 0;
}

static int set_user(Options *o, const char *argument) {
        o->has_user = true;
        return set_uid(o, argument);
}

static int set_timeout(Options *o, const char *argument) {
        if (streq(argument, "infinity")) {
                o->timeout_usec = UINT64_MAX;
                return 0;
        }

        if (parse_u64(argument, TIMEOUT_MAX, &o->timeout_usec) < 0) {
                (void) log_error(0, _("Timeout '%s' is neither a number of seconds nor 'infinity'."),
                                 argument);
                return -EINVAL;
        }

        o->timeout_usec *= USEC_PER_SEC;
        return 0;
}

static int read_number(const char *option, const char *argument, unsigned max, unsigned *ret) {
        if (parse_unsigned(argument, max, ret) < 0) {
                (void) log_error(0, _("Failed to parse --%s: '%s' is no number from 0 to %u."),
                                 option, argument, max);
                return -EINVAL;
        }

        return 0;
}

static int set_order(Options *o, const char *argument) {
        return read_number("order", argument, INT_MAX, &o->order);
}

static int set_delay(Options *o, const char *argument) {
        return read_number("delay", argument, DELAY_MAX, &o->delay);
}

static int set_parallel(Options *o, const char *argument) {
        return read_number("parallel", argument, PARALLEL_MAX, &o->parallel);
}

static int add_names(const char *argument, char ***names) {
        _cleanup_(strv_freep) char **more = NULL;
        int r;

        r = strv_split(argument, ", ", &more);
        for (char **name = more; r >= 0 && *name; name++)
                r = strv_push(names, *name);

        return r;
}

static int set_after(Options *o, const char *argument) {
        return add_names(argument, &o->after);
}

static int set_requires(Options *o, const char *argument) {
        return add_names(argument, &o->requires);
}

static int set_setenv(Options *o, const char *argument) {
        size_t n = strcspn(argument, "=");
        const char *value;

        if (!environment_name_is_valid(argument, n)) {
                (void) log_error(0, _("Cannot assign environment variable %s."), argument);
                return -EINVAL;
        }

        if (argument[n] == '=')
                return strv_push(&o->environment, argument);

        value = getenv(argument);
        return value ? strv_pushf(&o->environment, "%s=%s", argument, value) : 0;
}

static int set_tty(Options *o, const char *argument) {
        int r;

        if (streq_ptr(argument, "auto")) {
                o->tty = TTY_AUTO;
                return 0;
        }

        r = argument ? parse_boolean(argument) : true;
        if (r < 0) {
                (void) log_error(0, _("Failed to parse --tty: '%s' is not yes, no or auto."), argument);
                return r;
        }

        o->tty = r ? TTY_YES : TTY_NO;
        return 0;
}

/* Of docker's and podman's users: it is passed on in any case. */
static int set_interactive(_unused_ Options *o, _unused_ const char *argument) {
        return 0;
}

static int set_directory(Options *o, const char *argument) {
        o->directory = argument;
        return 0;
}

static int set_detach_keys(Options *o, const char *argument) {
        if (keys_parse(argument, o->detach_buffer) < 0) {
                (void) log_error(0, _("Failed to parse keys '%s'."), argument);
                return -EINVAL;
        }

        o->detach_names = argument;
        o->detach_keys = o->detach_buffer;
        return 0;
}

static int set_leader(Options *o, const char *argument) {
        if (parse_pid(argument, &o->leader) < 0) {
                (void) log_error(0, _("Failed to parse --leader: '%s' is no process id."), argument);
                return -EINVAL;
        }

        return 0;
}

static int set_watch(Options *o, const char *argument) {
        unsigned seconds = WATCH_DEFAULT;

        if (argument && (parse_unsigned(argument, WATCH_MAX, &seconds) < 0 || seconds == 0)) {
                (void) log_error(0, _("Failed to parse --watch: '%s' is not a number of seconds."),
                                 argument);
                return -EINVAL;
        }

        o->watch_usec = seconds * USEC_PER_SEC;
        return 0;
}

static int set_lines(Options *o, const char *argument) {
        o->has_lines = true;
        if (streq(argument, "all")) {
                o->lines = LINES_ALL;
                return 0;
        }

        if (parse_unsigned(argument, LINES_MAX, &o->lines) < 0) {
                (void) log_error(0, _("Failed to parse lines '%s'."), argument);
                return -EINVAL;
        }

        return 0;
}

static int set_since(Options *o, const char *argument) {
        o->since = argument;
        return 0;
}

static int set_until(Options *o, const char *argument) {
        o->until = argument;
        return 0;
}

static int set_unit(Options *o, const char *argument) {
        return strv_push(&o->units, argument);
}

static int set_priority(Options *o, const char *argument) {
        o->priority = argument;
        return 0;
}

/* Those of journalctl, which is given the word as an argument. */
static const char *const output_modes[] = {
        "short", "short-precise", "short-iso", "short-iso-precise", "short-full", "short-monotonic",
        "short-unix", "short-delta", "verbose", "export", "json", "json-pretty", "json-sse", "json-seq",
        "cat", "with-unit",
};

static int set_output(Options *o, const char *argument) {
        if (streq(argument, "help")) {
                for (size_t i = 0; i < ELEMENTSOF(output_modes); i++)
                        (void) puts(output_modes[i]);
                return 1;
        }

        for (size_t i = 0; i < ELEMENTSOF(output_modes); i++)
                if (streq(argument, output_modes[i])) {
                        o->journal_mode = output_modes[i];
                        o->format = streq(argument, "json") ? OUTPUT_JSON :
                                    streq(argument, "json-pretty") ? OUTPUT_JSON_PRETTY : OUTPUT_TEXT;
                        return 0;
                }

        (void) log_error(0, _("Unknown output '%s'."), argument);
        return -EINVAL;
}

static int set_json(Options *o, _unused_ const char *argument) {
        return set_output(o, isatty(STDOUT_FILENO) ? "json-pretty" : "json");
}

static int set_max_addresses(Options *o, const char *argument) {
        if (streq(argument, "all")) {
                o->max_addresses = ADDRESSES_ALL;
                return 0;
        }

        if (parse_unsigned(argument, ADDRESSES_DEFAULT - 1, &o->max_addresses) < 0) {
                (void) log_error(0, _("Invalid number of addresses: %s"), argument);
                return -EINVAL;
        }

        return 0;
}

const OptionRow option_table[OPTIONS_MAX] = {
        { 'h', "help", NULL, NULL,
          N_("Show this help"), .flag = offsetof(Options, help) },
        { 0, "version", NULL, NULL,
          N_("Show package version"), .flag = offsetof(Options, version) },
        { 0, "no-pager", NULL, NULL,
          N_("Do not pipe output into a pager"), .flag = offsetof(Options, no_pager) },
        { 0, "no-legend", NULL, NULL,
          N_("Do not show headers and footers"), .flag = offsetof(Options, no_legend) },
        { 0, "no-ask-password", NULL, NULL,
          N_("Do not ask for passwords"), .flag = offsetof(Options, no_ask_password) },
        { 'H', "host", "[USER@]HOST", set_elsewhere,
          N_("Not supported: manage other hosts") },
        { 'M', "machine", "MACHINE", set_elsewhere,
          N_("Not supported: manage machines in a machine") },
        { 0, "system", NULL, set_system,
          N_("Ask the manager of the host's machines, which is the only one") },
        { 'p', "property", "NAME", set_property,
          N_("Show only properties of this name") },
        { 0, "value", NULL, NULL,
          N_("When showing properties, only print the value"), .flag = offsetof(Options, value) },
        { 'P', NULL, "NAME", set_property_value,
          N_("Equivalent to --value --property=NAME") },
        { 'q', "quiet", NULL, NULL,
          N_("Suppress output"), .flag = offsetof(Options, quiet) },
        { 'a', "all", NULL, NULL,
          N_("Show hidden machines, and empty properties, too"), .flag = offsetof(Options, all) },
        { 'l', "full", NULL, NULL,
          N_("Do not ellipsize output"), .flag = offsetof(Options, full) },
        { 0, "kill-whom", "WHOM", set_kill_whom,
          N_("Whom to send a signal: leader, all, supervisor") },
        { 's', "signal", "SIGNAL", set_signal,
          N_("Which signal to send; 'help' lists them") },
        { 'u', "user", "USER", set_user,
          N_("User to run the shell or program as") },
        { 0, "uid", "USER", set_uid,
          N_("The same") },
        { 'E', "setenv", "VAR[=VALUE]", set_setenv,
          N_("Add an environment variable for the shell or program") },
        { 'e', NULL, "VAR[=VALUE]", set_setenv,
          N_("The same") },
        { 'w', "workdir", "DIRECTORY", set_directory,
          N_("Directory to run the program in") },
        { 't', "tty", "[yes|no|auto]", set_tty,
          N_("Run the program on a terminal of the machine") },
        { 'i', "interactive", NULL, set_interactive,
          N_("Pass on input, as is done in any case") },
        { 'd', "detach", NULL, NULL,
          N_("Do not wait for the program, but print its PID"),
          .flag = offsetof(Options, detach) },
        { 0, "detach-keys", "KEYS", set_detach_keys,
          N_("Keys that end a session, as ctrl-p,ctrl-q") },
        { 0, "timeout", "SECONDS", set_timeout,
          N_("How long machines may take to shut down; 'infinity' for as long as they like") },
        { 0, "runtime", NULL, NULL,
          N_("Set limits until the machine ends only"), .flag = offsetof(Options, runtime) },
        { 0, "force", NULL, NULL,
          N_("Replace files that are there when copying; do not ask machines before they are stopped"),
          .flag = offsetof(Options, force) },
        { 0, "read-only", NULL, NULL,
          N_("Mount read-only"), .flag = offsetof(Options, read_only) },
        { 0, "mkdir", NULL, NULL,
          N_("Create the destination before mounting, if it is missing"),
          .flag = offsetof(Options, mkdir) },
        { 0, "now", NULL, NULL,
          N_("Start machines that are enabled, or stop those that are disabled"),
          .flag = offsetof(Options, now) },
        { 0, "runner", "RUNNER", set_runner,
          N_("What runs machines: only nspawn, for containers, is supported") },
        { 'V', NULL, NULL, set_runner,
          N_("Not supported: the same as --runner=vmspawn") },
        { 0, "order", "INTEGER", set_order,
          N_("When to start a machine: those of a lower number come first") },
        { 0, "delay", "SECONDS", set_delay,
          N_("How long to wait before a machine is started") },
        { 0, "after", "NAME[,NAME...]", set_after,
          N_("Machines to wait for before") },
        { 0, "requires", "NAME[,NAME...]", set_requires,
          N_("Machines that must be ready before") },
        { 0, "parallel", "INTEGER", set_parallel,
          N_("How many machines to start at a time") },
        { 0, "leader", "PID", set_leader,
          N_("Check the container that this process is in, registered or not") },
        { 0, "watch", "[SECONDS]", set_watch,
          N_("Show stats again and again, every 2 seconds or so many") },
        { 'n', "lines", "INTEGER", set_lines,
          N_("Number of log lines to show in status and logs, or 'all'") },
        { 'f', "follow", NULL, NULL,
          N_("Go on showing log lines until the machine ends"), "logs",
          .flag = offsetof(Options, follow) },
        { 0, "since", "TIME", set_since,
          N_("Show log lines from then on") },
        { 0, "until", "TIME", set_until,
          N_("Show log lines up to then") },
        { 'u', "unit", "UNIT", set_unit,
          N_("Show log lines of this unit of the machine only"), "logs" },
        { 'p', "priority", "RANGE", set_priority,
          N_("Show log lines of this priority and more important ones only"), "logs" },
        { 0, "console", NULL, NULL,
          N_("Show what the machine wrote to its console"), .flag = offsetof(Options, console) },
        { 0, "max-addresses", "INTEGER", set_max_addresses,
          N_("Number of addresses to show, or 'all'") },
        { 'o', "output", "MODE", set_output,
          N_("How to print: json, json-pretty, or a mode for log lines; 'help' lists them") },
        { 'j', NULL, NULL, set_json,
          N_("The same as --output=json, or json-pretty on a terminal") },
};

int option_set(const OptionRow *row, Options *o, const char *argument) {
        assert(row);
        assert(o);

        if (row->set)
                return row->set(o, argument);

        *(bool *) ((char *) o + row->flag) = true;
        return 0;
}

void options_done(Options *o) {
        o->properties = strv_free(o->properties);
        o->environment = strv_free(o->environment);
        o->after = strv_free(o->after);
        o->requires = strv_free(o->requires);
        o->units = strv_free(o->units);
}
