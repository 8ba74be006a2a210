/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "client/terminal.h"
#include "lib/base/text.h"

#define HANGUP_USEC (100 * USEC_PER_MSEC)

struct Terminal {
        TerminalOptions options;
        Relay *relay;
        sd_event_source *io, *timer, *resized, *continued;
};

static int end_if_ended(Terminal *t, int r) {
        if (r == 0)
                return 0;

        (void) sd_event_source_set_enabled(t->io, SD_EVENT_OFF);
        if (t->timer)
                (void) sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
        return t->options.on_end(r < 0 ? r : 0, relay_end(t->relay), t->options.userdata);
}

static int on_relay(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t events,
                void *userdata) {

        Terminal *t = userdata;

        return end_if_ended(t, relay_dispatch(t->relay));
}

static int on_timeout(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        return terminal_finish(userdata);
}

static int on_resized(
                _unused_ sd_event_source *source,
                _unused_ const struct signalfd_siginfo *info,
                void *userdata) {

        Terminal *t = userdata;

        relay_resize(t->relay);
        return 0;
}

static int on_continued(
                _unused_ sd_event_source *source,
                _unused_ const struct signalfd_siginfo *info,
                void *userdata) {

        Terminal *t = userdata;

        relay_resume(t->relay);
        return 0;
}

static int watch_signals(Terminal *t, sd_event *event) {
        sigset_t set;
        int r;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGWINCH);
        (void) sigaddset(&set, SIGCONT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        r = sd_event_add_signal(event, &t->resized, SIGWINCH, on_resized, t);
        if (r < 0)
                return r;

        return sd_event_add_signal(event, &t->continued, SIGCONT, on_continued, t);
}

int terminal_new(sd_event *event, const TerminalOptions *options, Terminal **ret) {
        _cleanup_(terminal_freep) Terminal *t = NULL;
        int r;

        assert(event);
        assert(options);
        assert(ret);

        t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->options = *options;

        /* First: a size that changes from here on is told. */
        r = watch_signals(t, event);
        if (r < 0)
                return r;

        r = relay_new(&(RelayOptions) {
                .input = STDIN_FILENO,
                .output = STDOUT_FILENO,
                .master = options->master,
                .detach_keys = options->detach_keys,
        }, &t->relay);
        if (r < 0)
                return r;

        r = sd_event_add_io(event, &t->io, relay_fd(t->relay), EPOLLIN, on_relay, t);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(t);
        return 0;
}

Terminal *terminal_free(Terminal *t) {
        bool within_line;

        if (!t)
                return NULL;

        (void) sd_event_source_disable_unref(t->io);
        (void) sd_event_source_disable_unref(t->timer);
        (void) sd_event_source_disable_unref(t->resized);
        (void) sd_event_source_disable_unref(t->continued);

        within_line = t->relay && relay_is_within_line(t->relay);
        t->relay = relay_free(t->relay);
        if (within_line && isatty(STDOUT_FILENO)) {
                (void) putchar('\n');
                (void) fflush(stdout);
        }

        free(t);
        return NULL;
}

int terminal_finish(Terminal *t) {
        assert(t);

        return end_if_ended(t, relay_finish(t->relay));
}

int terminal_finish_soon(Terminal *t) {
        sd_event *event;

        assert(t);

        event = sd_event_source_get_event(t->io);
        return sd_event_add_time_relative(event, &t->timer, CLOCK_MONOTONIC, HANGUP_USEC, 0, on_timeout, t);
}

static bool is_set(char *const *environment, const char *name) {
        size_t n = strlen(name);

        for (; environment && *environment; environment++)
                if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
                        return true;

        return false;
}

int terminal_add_variables(char ***environment) {
        static const char *const names[] = { "TERM", "COLORTERM", "NO_COLOR" };
        int r;

        assert(environment);

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = getenv(names[i]);

                if (!value || !text_is_printable(value) || is_set(*environment, names[i]))
                        continue;
                r = strv_pushf(environment, "%s=%s", names[i], value);
                if (r < 0)
                        return r;
        }

        return 0;
}
