/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "client/session.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/kernel/relay.h"

/* A shell's way to say that a program was ended by a signal. */
#define STATUS_SIGNALLED 128

/* When the program has ended, what it wrote last is on its way still, and the
 * terminal hangs up behind it. But programs that it left in the background may
 * keep the terminal; who waited for those would wait for ever. */
#define HANGUP_USEC (100 * USEC_PER_MSEC)

typedef struct Run {
        Session *session;
        Relay *relay;
        sd_event *event;
        sd_bus *bus;
        sd_bus_slot *match;
        sd_event_source *io;
        int status;             /* of the program */
} Run;

static void run_done(Run *run) {
        run->relay = relay_free(run->relay);
        (void) sd_event_source_unref(run->io);
        (void) sd_bus_slot_unref(run->match);
        if (run->bus)
                (void) sd_bus_detach_event(run->bus);
        (void) sd_event_unref(run->event);
}

static int end_if_ended(Run *run, int r) {
        if (r == 0)
                return 0;

        (void) sd_event_source_set_enabled(run->io, SD_EVENT_OFF);
        return sd_event_exit(run->event, r < 0 ? r : 0);
}

static int on_relay(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t events,
                void *userdata) {

        Run *run = userdata;

        return end_if_ended(run, relay_dispatch(run->relay));
}

static int on_hangup_timeout(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Run *run = userdata;

        return end_if_ended(run, relay_finish(run->relay));
}

static int on_exit_of_program(_unused_ sd_event_source *source, const siginfo_t *info, void *userdata) {
        Run *run = userdata;

        run->status = info->si_code == CLD_EXITED ? info->si_status : STATUS_SIGNALLED + info->si_status;

        closep(&run->session->peer);
        run->session->peer = -EBADF;
        return sd_event_add_time_relative(run->event, NULL, CLOCK_MONOTONIC, HANGUP_USEC, 0,
                                          on_hangup_timeout, run);
}

static int on_window_signal(
                _unused_ sd_event_source *source,
                const struct signalfd_siginfo *info,
                void *userdata) {

        Run *run = userdata;

        if (info->ssi_signo == SIGCONT)
                relay_resume(run->relay);
        else
                relay_resize(run->relay);

        return 0;
}

static int on_machine_removed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Run *run = userdata;
        const char *name;
        int r;

        r = sd_bus_message_read(m, "so", &name, NULL);
        if (r < 0)
                return r;

        return streq(name, run->session->machine) ? end_if_ended(run, relay_finish(run->relay)) : 0;
}

static int watch_signals(Run *run) {
        static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
        static const int window[] = { SIGWINCH, SIGCONT };
        sigset_t set;
        int r;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGCHLD); /* sd-event wants it, though it watches the pidfd */
        for (size_t i = 0; i < ELEMENTSOF(ending); i++)
                (void) sigaddset(&set, ending[i]);
        for (size_t i = 0; i < ELEMENTSOF(window); i++)
                (void) sigaddset(&set, window[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        /* Without a handler: that ends the loop, with what is in its place of userdata. */
        for (size_t i = 0; i < ELEMENTSOF(ending); i++) {
                r = sd_event_add_signal(run->event, NULL, ending[i], NULL, (void *) (intptr_t) -EINTR);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < ELEMENTSOF(window); i++) {
                r = sd_event_add_signal(run->event, NULL, window[i], on_window_signal, run);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int watch_all(Run *run) {
        int r;

        r = watch_signals(run);
        if (r < 0)
                return r;

        r = sd_event_add_io(run->event, &run->io, relay_fd(run->relay), EPOLLIN, on_relay, run);
        if (r < 0)
                return r;

        if (run->session->pidfd >= 0) {
                r = sd_event_add_child_pidfd(run->event, NULL, run->session->pidfd, WEXITED,
                                             on_exit_of_program, run);
                if (r < 0)
                        return r;
        }

        r = sd_bus_match_signal_async(run->bus, &run->match, NULL, MACHINE1_PATH, MACHINE1_MANAGER,
                                      "MachineRemoved", on_machine_removed, NULL, run);
        if (r < 0)
                return r;

        return sd_bus_attach_event(run->bus, run->event, SD_EVENT_PRIORITY_NORMAL);
}

static void say(const Client *client, const char *text) {
        if (!client->options.quiet)
                (void) fprintf(stderr, "%s\n", text);
}

static void say_hello(const Client *client, const Session *session) {
        char text[256];

        (void) snprintf(text, sizeof(text),
                        _("Connected to machine %s. Press ^] three times within 1s to exit session."),
                        session->machine);
        say(client, text);
}

static void say_goodbye(const Client *client, const Session *session) {
        char text[256];

        (void) snprintf(text, sizeof(text), _("Connection to machine %s terminated."), session->machine);
        say(client, text);
}

int session_run(Session *session, Client *client) {
        _cleanup_(run_done) Run run = { .session = session, .bus = client->bus };
        bool within_line;
        int r;

        assert(session);
        assert(client);

        r = sd_event_default(&run.event);
        if (r < 0)
                return r;

        say_hello(client, session);
        r = relay_new(&(RelayOptions) {
                .input = STDIN_FILENO,
                .output = STDOUT_FILENO,
                .master = session->master,
        }, &run.relay);
        if (r < 0)
                return r;

        r = watch_all(&run);
        if (r < 0)
                return r;

        r = sd_event_loop(run.event);

        within_line = relay_is_within_line(run.relay);
        run.relay = relay_free(run.relay);
        if (within_line && client->screen.is_terminal)
                (void) putchar('\n');
        say_goodbye(client, session);

        return r < 0 ? r : run.status;
}
