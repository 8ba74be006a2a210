/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "client/session.h"
#include "client/terminal.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

typedef struct Run {
        const char *machine;
        sd_event *event;
        sd_bus *bus;
        sd_bus_slot *match;
        Terminal *terminal;
} Run;

static void run_done(Run *run) {
        run->terminal = terminal_free(run->terminal);
        (void) sd_bus_slot_unref(run->match);
        (void) sd_bus_detach_event(run->bus);
        (void) sd_event_unref(run->event);
}

static int on_end(int r, _unused_ RelayEnd end, void *userdata) {
        Run *run = userdata;

        return sd_event_exit(run->event, r);
}

static int on_machine_removed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Run *run = userdata;
        const char *name;
        int r;

        r = sd_bus_message_read(m, "so", &name, NULL);
        if (r < 0)
                return r;

        return streq(name, run->machine) ? terminal_finish(run->terminal) : 0;
}

static int watch_signals(sd_event *event) {
        static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
        sigset_t set;
        int r;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(ending); i++)
                (void) sigaddset(&set, ending[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        /* Without a handler: that ends the loop, with what is in its place of userdata. */
        for (size_t i = 0; i < ELEMENTSOF(ending); i++) {
                r = sd_event_add_signal(event, NULL, ending[i], NULL, (void *) (intptr_t) -EINTR);
                if (r < 0)
                        return r;
        }

        return 0;
}

void session_say_hello(const Client *client, const char *machine) {
        const Options *o = &client->options;

        if (o->quiet)
                return;

        (void) fprintf(stderr, _("Connected to machine %s."), machine);
        if (!o->detach_keys)
                (void) fputs(_(" Press ^] three times within 1s to exit session."), stderr);
        else if (*o->detach_keys)
                (void) fprintf(stderr, _(" Press %s within 1s to exit session."), o->detach_names);
        (void) fputc('\n', stderr);
}

void session_say_goodbye(const Client *client, const char *machine) {
        if (client->options.quiet)
                return;

        (void) fprintf(stderr, _("Connection to machine %s terminated."), machine);
        (void) fputc('\n', stderr);
}

int session_run(Client *client, const char *machine, int master) {
        _cleanup_(run_done) Run run = { .machine = machine, .bus = client->bus };
        int r;

        assert(client);
        assert(machine);

        r = sd_event_default(&run.event);
        if (r < 0)
                return r;

        r = watch_signals(run.event);
        if (r < 0)
                return r;

        session_say_hello(client, machine);
        r = terminal_new(run.event, &(TerminalOptions) {
                .master = master,
                .detach_keys = client->options.detach_keys,
                .on_end = on_end,
                .userdata = &run,
        }, &run.terminal);
        if (r < 0)
                return r;

        r = sd_bus_match_signal_async(run.bus, &run.match, NULL, MACHINE1_PATH, MACHINE1_MANAGER,
                                      "MachineRemoved", on_machine_removed, NULL, &run);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(run.bus, run.event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;

        r = sd_event_loop(run.event);
        run.terminal = terminal_free(run.terminal);
        session_say_goodbye(client, machine);
        return r;
}
