/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "lib/base/clock.h"
#include "lib/kernel/pty.h"
#include "lib/kernel/relay.h"
#include "lib/kernel/stream.h"

#define DETACH_USEC USEC_PER_SEC

typedef enum Side {
        SIDE_INPUT,
        SIDE_OUTPUT,
        SIDE_MASTER,
        _SIDE_MAX,
} Side;

struct Relay {
        int epoll_fd;
        bool finishing;
        Stream streams[_SIDE_MAX];
        Buffer to_master, to_output;
        bool input_ended;               /* nothing comes from there any more */
        bool eof_typed;                 /* and the machine has been told so */
        bool master_ended;
        char detach_keys[RELAY_KEYS_MAX + 1];
        char pressed[RELAY_KEYS_MAX];   /* the last keys, as many as there are of those */
        uint64_t pressed_usec[RELAY_KEYS_MAX];
        char last_typed, last_written;
        RelayEnd end;
        RelaySeen seen;
        void *userdata;
};

static int watch(Relay *relay, Side side, uint32_t interest) {
        return stream_watch(&relay->streams[side], relay->epoll_fd, side, interest);
}

static int watch_all(Relay *relay) {
        uint32_t input, output, master;
        int r;

        input = !relay->input_ended && buffer_space(&relay->to_master) > 0 ? EPOLLIN : 0;
        output = relay->to_output.size > 0 ? EPOLLOUT : 0;
        master = relay->master_ended ? 0 :
                 (buffer_space(&relay->to_output) > 0 ? EPOLLIN : 0) |
                 (relay->to_master.size > 0 ? EPOLLOUT : 0);

        r = watch(relay, SIDE_INPUT, input);
        if (r < 0)
                return r;
        r = watch(relay, SIDE_OUTPUT, output);
        if (r < 0)
                return r;

        return watch(relay, SIDE_MASTER, master);
}

/* Keys are passed on all the same: who types the first of them may want just that. */
static bool search_detach_keys(Relay *relay, const char *keys, size_t n) {
        size_t length = strlen(relay->detach_keys);
        uint64_t now = clock_now_usec();

        if (length == 0)
                return false;

        for (size_t i = 0; i < n; i++) {
                memmove(relay->pressed, relay->pressed + 1, length - 1);
                memmove(relay->pressed_usec, relay->pressed_usec + 1, (length - 1) * sizeof(uint64_t));
                relay->pressed[length - 1] = keys[i];
                relay->pressed_usec[length - 1] = now;

                if (memcmp(relay->pressed, relay->detach_keys, length) == 0 &&
                    now - relay->pressed_usec[0] <= DETACH_USEC)
                        return true;
        }

        return false;
}

static void end_input(Relay *relay) {
        relay->input_ended = true;

        /* A terminal in raw mode ends when it is hung up: nobody sits there. */
        if (relay->streams[SIDE_INPUT].is_terminal)
                relay->end = RELAY_DEAF;
}

/* A pipe has ended: type what ends input on the machine's terminal. In the
 * midst of a line it takes two, as the first only hands the line over. */
static void type_eof(Relay *relay) {
        Buffer *b = &relay->to_master;
        struct termios mode;
        char key = 4; /* ^D */

        if (!relay->input_ended || relay->eof_typed || relay->master_ended || b->size > 0)
                return;

        if (tcgetattr(relay->streams[SIDE_MASTER].fd, &mode) >= 0 && mode.c_cc[VEOF] != _POSIX_VDISABLE)
                key = (char) mode.c_cc[VEOF];

        buffer_compact(b);
        b->data[b->size++] = key;
        if (relay->last_typed != 0 && relay->last_typed != '\n')
                b->data[b->size++] = key;
        relay->eof_typed = true;
}

static int read_input(Relay *relay) {
        Stream *s = &relay->streams[SIDE_INPUT];
        Buffer *b = &relay->to_master;
        ssize_t n;

        if (relay->input_ended || buffer_space(b) == 0)
                return 0;

        n = stream_read(s, b);
        if (n == -EAGAIN)
                return 0;
        if (n <= 0) {
                /* EIO: hung up. All else, too, only means that no more comes. */
                end_input(relay);
                return 0;
        }

        if (s->is_terminal && search_detach_keys(relay, b->data + b->size - n, (size_t) n))
                relay->end = RELAY_ESCAPED;

        return 0;
}

static int read_master(Relay *relay) {
        Buffer *b = &relay->to_output;
        ssize_t n;

        if (relay->master_ended || buffer_space(b) == 0)
                return 0;

        n = stream_read(&relay->streams[SIDE_MASTER], b);
        if (n == -EAGAIN) {
                relay->master_ended = relay->finishing;
                return 0;
        }
        if (n == 0 || n == -EIO || n == -ECONNRESET) {
                relay->master_ended = true;
                return 0;
        }
        if (n < 0)
                return (int) n;

        if (relay->seen)
                relay->seen(relay->userdata, b->data + b->size - n, (size_t) n);
        return 0;
}

static int write_master(Relay *relay) {
        Buffer *b = &relay->to_master;
        ssize_t n;

        if (relay->master_ended || b->size == 0)
                return 0;

        n = stream_write(&relay->streams[SIDE_MASTER], b, &relay->last_typed);
        if (n == -EIO || n == -EPIPE || n == -ECONNRESET) {
                /* Nobody there to read it; what they have said is still to come. */
                b->size = 0;
                return 0;
        }

        return n < 0 && n != -EAGAIN ? (int) n : 0;
}

static int write_output(Relay *relay) {
        Buffer *b = &relay->to_output;
        Stream *s = &relay->streams[SIDE_OUTPUT];
        ssize_t n;

        while (b->size > 0) {
                n = stream_write(s, b, &relay->last_written);
                if (n == -EAGAIN)
                        return 0;
                if (n == -EPIPE || n == -EIO || n == -ECONNRESET) {
                        relay->end = RELAY_DEAF;
                        return 0;
                }
                if (n < 0)
                        return (int) n;
                if (!s->is_always_ready)
                        return 0;
        }

        return 0;
}

/* What no event will tell: files are always ready, and ends follow from ends. */
static int settle(Relay *relay) {
        int r;

        if (relay->finishing) {
                r = read_master(relay);
                if (r < 0)
                        return r;
        }

        if (relay->streams[SIDE_INPUT].is_always_ready && relay->to_master.size == 0) {
                r = read_input(relay);
                if (r < 0)
                        return r;
        }

        if (relay->streams[SIDE_OUTPUT].is_always_ready) {
                r = write_output(relay);
                if (r < 0)
                        return r;
        }

        type_eof(relay);

        if (relay->end == RELAY_GOES_ON && relay->master_ended && relay->to_output.size == 0)
                relay->end = RELAY_HUNG_UP;
        if (relay->end != RELAY_GOES_ON)
                return 1;

        return watch_all(relay);
}

static int dispatch_master(Relay *relay, uint32_t events) {
        int r;

        /* Keys for a terminal that has been closed would wait for ever. */
        if (events & EPOLLHUP) {
                relay->to_master.size = 0;
                relay->input_ended = relay->eof_typed = true;
        }

        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                r = read_master(relay);
                if (r < 0)
                        return r;
        }

        return events & EPOLLOUT ? write_master(relay) : 0;
}

int relay_dispatch(Relay *relay) {
        struct epoll_event events[_SIDE_MAX];
        int n, r;

        assert(relay);

        n = epoll_wait(relay->epoll_fd, events, _SIDE_MAX, 0);
        if (n < 0 && errno != EINTR)
                return -errno;

        for (int i = 0; i < n; i++) {
                if (events[i].data.u32 == SIDE_INPUT)
                        r = read_input(relay);
                else if (events[i].data.u32 == SIDE_OUTPUT)
                        r = write_output(relay);
                else
                        r = dispatch_master(relay, events[i].events);
                if (r < 0)
                        return r;
        }

        return settle(relay);
}

int relay_finish(Relay *relay) {
        assert(relay);

        relay->finishing = true;
        relay->input_ended = relay->eof_typed = true;
        return settle(relay);
}

static int open_streams(Relay *relay, const RelayOptions *options) {
        Stream *s = relay->streams;
        int r;

        s[SIDE_MASTER].fd = options->master;
        r = stream_set_nonblock(&s[SIDE_MASTER]);
        if (r < 0)
                return r;
        s[SIDE_MASTER].unset_nonblock = false; /* it stays so: the master is nobody else's */

        r = stream_open(&s[SIDE_OUTPUT], options->output, O_WRONLY);
        if (r < 0)
                return r;
        r = stream_make_raw(&s[SIDE_OUTPUT], TERMINAL_SCREEN);
        if (r < 0)
                return r;

        if (options->read_only) {
                relay->input_ended = relay->eof_typed = true;
                return 0;
        }

        r = stream_open(&s[SIDE_INPUT], options->input, O_RDONLY);
        if (r < 0)
                return r;

        return stream_make_raw(&s[SIDE_INPUT], TERMINAL_KEYS | TERMINAL_SCREEN);
}

int relay_new(const RelayOptions *options, Relay **ret) {
        _cleanup_(relay_freep) Relay *relay = NULL;
        int r;

        assert(options);
        assert(ret);
        assert(!options->detach_keys || strlen(options->detach_keys) <= RELAY_KEYS_MAX);

        relay = calloc(1, sizeof(*relay));
        if (!relay)
                return -ENOMEM;

        for (Side side = 0; side < _SIDE_MAX; side++)
                relay->streams[side] = STREAM_INIT;

        (void) strcpy(relay->detach_keys, options->detach_keys ?: RELAY_KEYS);

        relay->seen = options->seen;
        relay->userdata = options->userdata;
        relay->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (relay->epoll_fd < 0)
                return -errno;

        r = open_streams(relay, options);
        if (r < 0)
                return r;

        relay_resize(relay);

        r = settle(relay);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(relay);
        return 0;
}

Relay *relay_free(Relay *relay) {
        if (!relay)
                return NULL;

        /* The last one first: input and output are usually the same terminal,
         * and the mode of the output was saved before the input's was changed. */
        stream_close(&relay->streams[SIDE_INPUT]);
        stream_close(&relay->streams[SIDE_OUTPUT]);
        closep(&relay->epoll_fd);
        free(relay);
        return NULL;
}

int relay_fd(const Relay *relay) {
        assert(relay);

        return relay->epoll_fd;
}

void relay_resize(Relay *relay) {
        const Stream *s;

        assert(relay);

        s = relay->streams;
        if (s[SIDE_OUTPUT].is_terminal)
                (void) terminal_copy_size(s[SIDE_OUTPUT].fd, s[SIDE_MASTER].fd);
        else if (s[SIDE_INPUT].is_terminal)
                (void) terminal_copy_size(s[SIDE_INPUT].fd, s[SIDE_MASTER].fd);
}

void relay_resume(Relay *relay) {
        struct termios mode;
        const Stream *s;

        assert(relay);

        /* In the background it is not ours, and taking it would stop us again. */
        s = relay->streams;
        if (s[SIDE_OUTPUT].is_raw && terminal_is_foreground(s[SIDE_OUTPUT].fd))
                (void) terminal_make_raw(s[SIDE_OUTPUT].fd, TERMINAL_SCREEN, &mode);
        if (s[SIDE_INPUT].is_raw && terminal_is_foreground(s[SIDE_INPUT].fd))
                (void) terminal_make_raw(s[SIDE_INPUT].fd, TERMINAL_KEYS | TERMINAL_SCREEN, &mode);

        relay_resize(relay);
}

RelayEnd relay_end(const Relay *relay) {
        assert(relay);

        return relay->end;
}

bool relay_is_within_line(const Relay *relay) {
        assert(relay);

        return relay->last_written != 0 && relay->last_written != '\n';
}
