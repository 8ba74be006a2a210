/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/note.h"
#include "lib/kernel/process.h"
#include "lib/kernel/resident.h"
#include "runtime/late.h"
#include "runtime/late/console.h"
#include "runtime/late/supervisor.h"
#include "runtime/late/ttys.h"
#include "runtime/notify.h"
#include "runtime/shutdown.h"

/* How many messages are taken before others get their turn. */
#define NOTIFICATIONS_AT_ONCE 16

/* A status is passed on at most so often: who watches the unit is told of each. */
#define STATUS_INTERVAL_USEC (100 * USEC_PER_MSEC)

/* Who has run for so long goes on for some time more. */
#define SETTLE_USEC USEC_PER_SEC

typedef struct Supervisor {
        Run *run;
        sd_event *event;
        ConsoleLink *console;
        Ttys *ttys;
        unsigned n_terms;       /* how often we were asked to end */
        bool asked;             /* so was the payload */
        bool listening;         /* it has said that it handles signals */
        Notification told;      /* what has been passed on of what it said */
        char status[NOTIFY_STATUS_MAX]; /* its last one */
        sd_event_source *status_timer;  /* on: one was passed on just now */
        bool ended;
        siginfo_t end;
} Supervisor;

/* For those who listen to what happens to machines; berthd need not be there. */
static void tell_stopping(Supervisor *s, const char *note) {
        if (!s->told.stopping && run_is_registered(s->run))
                (void) note_send(NOTES_SOCKET, note);
        s->told.stopping = true;
}

static void tell_exited(const Supervisor *s) {
        char note[sizeof(NOTE_EXITED) + 16];
        int status = s->end.si_code == CLD_EXITED ? W_EXITCODE(s->end.si_status, 0) : s->end.si_status;

        if (s->end.si_code == CLD_DUMPED)
                status |= WCOREFLAG;

        (void) snprintf(note, sizeof(note), NOTE_EXITED "%i", status);
        if (run_is_registered(s->run))
                (void) note_send(NOTES_SOCKET, note);
}

static void kill_payload(Supervisor *s, int signo) {
        (void) process_signal(s->run->leader_pidfd, signo);
}

static void ask(Supervisor *s) {
        s->asked = true;

        /* Who was frozen hears nothing, and whoever has frozen it may not know who ends us. */
        if (s->run->cgroup)
                (void) cgroup_write(s->run->cgroup, "cgroup.freeze", "0");
        (void) shutdown_request(s->run);
}

/* The first time is a request, all others are an order. */
static void terminate(Supervisor *s) {
        if (s->n_terms++ > 0) {
                kill_payload(s, SIGKILL);
                return;
        }

        (void) sd_notify(false, "STOPPING=1\nSTATUS=Terminating...");
        tell_stopping(s, NOTE_STOPPING "service");
        (void) fault_point("stop", "request");
        ask(s);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Supervisor *s = userdata;

        (void) source;

        switch (si->ssi_signo) {
        case SIGWINCH:
                console_resize(s->console);
                break;

        case SIGCONT:
                console_resume(s->console);
                break;

        default:
                if (si->ssi_signo == (uint32_t) SIGRTMIN + 4) {
                        ask(s);
                        break;
                }

                terminate(s);
                if (s->ended)
                        return sd_event_exit(s->event, 0); /* nobody takes the rest of the output */
        }

        return 0;
}

static void on_console_escaped(void *userdata) {
        Supervisor *s = userdata;

        kill_payload(s, SIGKILL);
}

static void on_console_ended(void *userdata) {
        Supervisor *s = userdata;

        if (s->ended)
                (void) sd_event_exit(s->event, 0);
}

static int on_leader(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) revents;

        /* It stays until we have tidied up: as long as it is there, others can find out how it has
         * ended, if not of each end, which before Linux 6.15 nobody but its parent can afterwards. */
        if (waitid(P_PIDFD, (id_t) fd, &s->end, WEXITED | WNOHANG | WNOWAIT) < 0)
                return -errno;
        if (s->end.si_pid == 0)
                return 0;

        s->ended = true;
        tell_exited(s);
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        console_finish(s->console);
        return 0;
}

/* Before it handles signals, PID 1 is deaf to all but SIGKILL: the request is
 * made once more when it has begun to. */
static void note_signals_level(Supervisor *s, const Notification *n) {
        bool was = s->listening;

        s->listening = was || n->ready || n->signals_level >= 2;
        if (s->listening && !was && s->asked)
                (void) shutdown_request(s->run);
}

static bool tell_status(Supervisor *s) {
        if (streq(s->status, s->told.status) || s->n_terms > 0)
                return false;

        memcpy(s->told.status, s->status, sizeof(s->status));
        (void) sd_notifyf(false, "STATUS=Container running: %s", s->status);
        return true;
}

static void forward_status(Supervisor *s) {
        if (!tell_status(s))
                return;

        (void) sd_event_source_set_time_relative(s->status_timer, STATUS_INTERVAL_USEC);
        (void) sd_event_source_set_enabled(s->status_timer, SD_EVENT_ONESHOT);
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;

        forward_status(userdata);
        return 0;
}

static bool timer_is_on(sd_event_source *timer) {
        int enabled;

        return sd_event_source_get_enabled(timer, &enabled) > 0;
}

/* Each thing once, however often it is said: a guest shall not keep the host's PID 1 busy. */
static void forward(Supervisor *s, const Notification *n) {
        if (n->status[0]) {
                memcpy(s->status, n->status, sizeof(s->status));
                if (!timer_is_on(s->status_timer))
                        forward_status(s);
        }
        if (n->signals_level > s->told.signals_level)
                (void) sd_notifyf(false, "X_SYSTEMD_SIGNALS_LEVEL=%u", n->signals_level);
        if (n->stopping && !s->told.stopping) {
                (void) sd_notify(false, "STOPPING=1");
                tell_stopping(s, NOTE_STOPPING "guest");
        }
        if (n->ready && !s->told.ready && s->run->notify_ready)
                (void) sd_notify(false, "READY=1");

        s->told.signals_level = MAX(s->told.signals_level, n->signals_level);
        s->told.ready |= n->ready;
}

static int on_notification(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        int r;

        (void) source;
        (void) revents;

        for (unsigned i = 0; i < NOTIFICATIONS_AT_ONCE; i++) {
                Notification n;

                r = notification_receive(fd, s->run->leader, &n);
                if (r == -EAGAIN)
                        return 0;
                if (r <= 0)
                        continue; /* someone else's, or nothing that we understand */

                note_signals_level(s, &n);
                forward(s, &n);
        }

        return 0;
}

static int watch_notifications(Supervisor *s) {
        int r;

        r = sd_event_add_time_relative(s->event, &s->status_timer, CLOCK_MONOTONIC, 0, 0,
                                       on_status_timer, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->status_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        return sd_event_add_io(s->event, NULL, s->run->guest_fds[GUEST_NOTIFY], EPOLLIN,
                               on_notification, s);
}

/* Beginning takes much more than waiting for the end. Not at once: the end may be near. */
static int on_settled(_unused_ sd_event_source *source, _unused_ uint64_t usec, _unused_ void *userdata) {
        resident_give_back();
        return 0;
}

static int watch(Supervisor *s) {
        const int signals[] = LATE_SIGNALS;
        int r;

        r = sd_event_new(&s->event);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                r = sd_event_add_signal(s->event, NULL, signals[i], on_signal, s);
                if (r < 0)
                        return r;
        }

        r = sd_event_add_io(s->event, NULL, s->run->leader_pidfd, EPOLLIN, on_leader, s);
        if (r < 0)
                return r;

        r = watch_notifications(s);
        if (r < 0)
                return r;

        r = console_new(s->event, s->run, on_console_escaped, on_console_ended, s, &s->console);
        if (r < 0)
                return r;

        r = ttys_new(s->event, s->run, &s->ttys);
        if (r < 0)
                return r;

        r = sd_event_add_time_relative(s->event, NULL, CLOCK_MONOTONIC, SETTLE_USEC, 0, on_settled, s);
        if (r < 0)
                return r;

        r = sd_event_set_watchdog(s->event, true);
        return MIN(r, 0);
}

static void tell_started(const Supervisor *s) {
        const char *state = s->run->notify_ready ? "STATUS=Container started." :
                                                   "READY=1\nSTATUS=Container running.";

        (void) sd_notifyf(false, "%s\nX_NSPAWN_LEADER_PID=%i", state, (int) s->run->leader);

        /* Quiet or not: root inside is the host's. */
        if (s->run->without_users)
                (void) log_warning(0, "Machine '%s' runs with the host's users: %s", s->run->spec->machine,
                                   s->run->without_users);
        if (!s->run->spec->quiet && s->run->unregistered)
                (void) log_warning(0, "Machine '%s' is not registered: nobody is there for that",
                                   s->run->spec->machine);
        if (!s->run->spec->quiet && console_is_interactive(s->console))
                (void) log_info("This is the console of machine '%s'. Press ^] three times within a second "
                                "to end it.\r", s->run->spec->machine);
}

/* A guest that calls reboot(2) ends as if by a signal, see reboot(2). */
static int exit_status(const Supervisor *s) {
        const char *machine = s->run->spec->machine;
        char name[SIGNAL_STRING_MAX];

        if (s->end.si_code == CLD_EXITED) {
                if (s->end.si_status == LATE_STATUS_REBOOT)
                        return EXIT_FAILURE; /* a payload may not say so by itself */

                return s->end.si_status;
        }

        if (s->end.si_status == SIGHUP)
                return LATE_REBOOT;
        if (s->end.si_status == SIGINT)
                return EXIT_SUCCESS;

        (void) log_error(0, "Machine '%s' was ended by signal %s", machine,
                         signal_to_string(s->end.si_status, name));
        return EXIT_FAILURE;
}

/* For those who look at the console's log for how it came to this. */
static void note_end(const Supervisor *s) {
        char text[64 + SIGNAL_STRING_MAX], name[SIGNAL_STRING_MAX];

        if (s->end.si_code == CLD_EXITED)
                (void) snprintf(text, sizeof(text), "ended, exit status %i", s->end.si_status);
        else if (s->end.si_status == SIGHUP)
                (void) snprintf(text, sizeof(text), "restarts");
        else if (s->end.si_status == SIGINT)
                (void) snprintf(text, sizeof(text), "powered off");
        else
                (void) snprintf(text, sizeof(text), "ended by signal %s",
                                signal_to_string(s->end.si_status, name));

        console_note(s->console, text);
}

static void tell_reboot(const Spec *spec) {
        /* Whoever watches the unit may not be our parent, and learn it only so. */
        if (spec->keep_unit)
                (void) sd_notifyf(false, "EXIT_STATUS=%i", LATE_STATUS_REBOOT);
        else
                (void) sd_notify(false, "STATUS=Restarting...");
}

static void supervisor_done(Supervisor *s) {
        if (!s->ended) {
                kill_payload(s, SIGKILL);
                (void) waitid(P_PIDFD, (id_t) s->run->leader_pidfd, &s->end, WEXITED | WNOWAIT);
                tell_exited(s);
        }

        (void) console_free(s->console);
        (void) ttys_free(s->ttys);
        (void) sd_event_source_unref(s->status_timer);
        (void) sd_event_unref(s->event);
}

int supervisor_run(Run *run) {
        _cleanup_(supervisor_done) Supervisor s = { .run = run };
        int r;

        assert(run);

        r = watch(&s);
        if (r < 0)
                return r;

        tell_started(&s);

        /* That drops a mount, for which the kernel waits for all processors: by now nobody else does. */
        closep(&run->program_fd);
        run->program_fd = -EBADF;

        r = sd_event_loop(s.event);
        if (r < 0)
                return r;

        (void) fault_point("stop", "end");
        (void) tell_status(&s); /* the last one may have had to wait */
        note_end(&s);

        r = exit_status(&s);
        if (r == LATE_REBOOT)
                tell_reboot(run->spec);
        return r;
}
