/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/epoll.h>

#include "lib/base/console-log.h"
#include "lib/kernel/relay.h"
#include "runtime/late/console.h"

struct ConsoleLink {
        sd_event *event;
        sd_event_source *source;
        Run *run;
        Relay *relay;           /* NULL: nobody is shown what comes */
        ConsoleLog *log;        /* or NULL */
        bool read_only;
        ConsoleEscaped escaped;
        ConsoleEnded ended;
        void *userdata;
};

static void keep(void *userdata, const char *data, size_t size) {
        ConsoleLink *c = userdata;

        if (c->log)
                console_log_write(c->log, data, size);
}

static int on_drain(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        ConsoleLink *c = userdata;
        char buffer[4096];
        ssize_t n;

        (void) source;
        (void) revents;

        n = read(fd, buffer, sizeof(buffer));
        if (n > 0)
                keep(c, buffer, (size_t) n);
        if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
                return 0;

        /* A hang-up, as the peer was closed for the last time. */
        c->source = sd_event_source_unref(c->source);
        c->ended(c->userdata);
        return 0;
}

static int drain(ConsoleLink *c) {
        int master_fd = c->run->guest_fds[GUEST_CONSOLE_MASTER];

        c->source = sd_event_source_unref(c->source);
        c->relay = relay_free(c->relay);

        return sd_event_add_io(c->event, &c->source, master_fd, EPOLLIN, on_drain, c);
}

static ssize_t write_line_end(void) {
        return write(STDOUT_FILENO, "\r\n", 2);
}

static int on_relay_end(ConsoleLink *c) {
        RelayEnd end = relay_end(c->relay);
        bool read_only = c->read_only;
        int r;

        if (end == RELAY_HUNG_UP) {
                /* Whatever comes next to a person begins on a line of its own. */
                if (!read_only && relay_is_within_line(c->relay))
                        (void) write_line_end();

                c->source = sd_event_source_unref(c->source);
                c->relay = relay_free(c->relay);
                c->ended(c->userdata);
                return 0;
        }

        r = drain(c);
        if (r < 0)
                return r;

        /* Who only watched may leave; a terminal that is gone is an end. */
        if (!read_only)
                c->escaped(c->userdata);
        return 0;
}

static int on_relay(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        ConsoleLink *c = userdata;
        int r;

        (void) source;
        (void) fd;
        (void) revents;

        r = relay_dispatch(c->relay);
        if (r <= 0)
                return r;

        return on_relay_end(c);
}

static int connect_relay(ConsoleLink *c) {
        RelayOptions options = {
                .input = STDIN_FILENO,
                .output = STDOUT_FILENO,
                .master = c->run->guest_fds[GUEST_CONSOLE_MASTER],
                .read_only = c->read_only,
                .seen = keep,
                .userdata = c,
        };
        int r;

        r = relay_new(&options, &c->relay);
        if (r < 0)
                return r;

        return sd_event_add_io(c->event, &c->source, relay_fd(c->relay), EPOLLIN, on_relay, c);
}

/* Interactive on a terminal, unless something else is asked for. */
static bool is_read_only(Console mode) {
        if (mode == CONSOLE_READ_ONLY)
                return true;
        if (mode == CONSOLE_INTERACTIVE)
                return false;

        return !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO);
}

/* Not where there is no console; and what a person does in a shell that they
 * started at their terminal is theirs. */
static bool is_kept(const ConsoleLink *c) {
        return !c->run->pipe && (c->run->spec->mode == START_BOOT || c->read_only ||
                                 c->run->spec->console == CONSOLE_PASSIVE);
}

/* A log that cannot be written is no reason not to run a machine. */
static int open_log(ConsoleLink *c) {
        int r;

        if (!is_kept(c))
                return 0;

        r = console_log_new(CONSOLE_LOG_DIRECTORY, c->run->spec->machine, &c->log);
        if (r < 0)
                return r;

        console_log_mark(c->log, "started");
        return 0;
}

int console_new(
                sd_event *event,
                Run *run,
                ConsoleEscaped escaped,
                ConsoleEnded ended,
                void *userdata,
                ConsoleLink **ret) {

        _cleanup_(console_freep) ConsoleLink *c = NULL;
        int r;

        assert(event);
        assert(run);
        assert(ret);

        c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;

        *c = (ConsoleLink) {
                .event = sd_event_ref(event),
                .run = run,
                .read_only = is_read_only(run->spec->console),
                .escaped = escaped,
                .ended = ended,
                .userdata = userdata,
        };

        r = open_log(c);
        if (r < 0)
                return r;

        r = run->pipe || run->spec->console == CONSOLE_PASSIVE ? drain(c) : connect_relay(c);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

ConsoleLink *console_free(ConsoleLink *c) {
        if (!c)
                return NULL;

        (void) sd_event_source_unref(c->source);
        (void) relay_free(c->relay);
        (void) console_log_free(c->log);
        (void) sd_event_unref(c->event);
        free(c);
        return NULL;
}

bool console_is_interactive(const ConsoleLink *c) {
        assert(c);

        return c->relay && !c->read_only;
}

void console_finish(ConsoleLink *c) {
        assert(c);

        /* Nobody has it open any more: the master sees a hang-up, but not
         * before all that was written has been read. */
        closep(&c->run->guest_fds[GUEST_CONSOLE_PEER]);
        c->run->guest_fds[GUEST_CONSOLE_PEER] = -EBADF;
}

void console_note(ConsoleLink *c, const char *text) {
        assert(c);
        assert(text);

        if (c->log)
                console_log_mark(c->log, "%s", text);
}

void console_resize(ConsoleLink *c) {
        if (c->relay)
                relay_resize(c->relay);
}

void console_resume(ConsoleLink *c) {
        if (c->relay)
                relay_resume(c->relay);
}
