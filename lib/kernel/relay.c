/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/kernel/pty.h"
#include "lib/kernel/relay.h"

/* As telnet and machinectl: ^] */
#define ESCAPE_KEY 0x1d
#define ESCAPE_PRESSES 3
#define ESCAPE_USEC USEC_PER_SEC

/* Much more than a person types ahead of a machine that does not read: as long
 * as there is space we read on, and thus see the escape. */
#define BUFFER_SIZE ((size_t) 64 * 1024)

typedef struct Buffer {
        char data[BUFFER_SIZE];
        size_t begin, size;
} Buffer;

typedef enum Side {
        SIDE_INPUT,
        SIDE_OUTPUT,
        SIDE_MASTER,
        _SIDE_MAX,
} Side;

typedef struct Stream {
        int fd;                         /* what is read or written */
        int own_fd;                     /* the same, if we opened it */
        bool is_socket;
        bool is_terminal;
        bool is_always_ready;           /* files and such: epoll does not take them */
        bool is_raw;                    /* before is valid */
        bool unset_nonblock;            /* O_NONBLOCK was not set before us */
        struct termios before;
        uint32_t interest;              /* events that epoll looks for */
} Stream;

struct Relay {
        int epoll_fd;
        bool finishing;
        Stream streams[_SIDE_MAX];
        Buffer to_master, to_output;
        bool input_ended;               /* nothing comes from there any more */
        bool eof_typed;                 /* and the machine has been told so */
        bool master_ended;
        unsigned n_escapes;
        uint64_t escape_usec;           /* when the first of them was pressed */
        char last_typed, last_written;
        RelayEnd end;
        RelaySeen seen;
        void *userdata;
};

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}

static size_t buffer_space(const Buffer *b) {
        return BUFFER_SIZE - b->size;
}

static void buffer_compact(Buffer *b) {
        memmove(b->data, b->data + b->begin, b->size);
        b->begin = 0;
}

/* Reads what there is, at most what fits. Returns the number of bytes, 0 at
 * the end, -EAGAIN when there is nothing now. */
static ssize_t stream_read(const Stream *s, Buffer *b) {
        ssize_t n;

        buffer_compact(b);
        do
                n = s->is_socket ? recv(s->fd, b->data + b->size, buffer_space(b), MSG_DONTWAIT)
                                 : read(s->fd, b->data + b->size, buffer_space(b));
        while (n < 0 && errno == EINTR);

        if (n < 0)
                return -errno;

        b->size += (size_t) n;
        return n;
}

static ssize_t stream_write(const Stream *s, Buffer *b, char *last) {
        ssize_t n;

        do
                n = s->is_socket ? send(s->fd, b->data + b->begin, b->size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : write(s->fd, b->data + b->begin, b->size);
        while (n < 0 && errno == EINTR);

        if (n < 0)
                return -errno;

        if (n > 0)
                *last = b->data[b->begin + (size_t) n - 1];
        b->begin += (size_t) n;
        b->size -= (size_t) n;
        return n;
}

static int stream_set_nonblock(Stream *s) {
        int flags;

        flags = fcntl(s->fd, F_GETFL);
        if (flags < 0)
                return -errno;
        if (flags & O_NONBLOCK)
                return 0;

        if (fcntl(s->fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;

        s->unset_nonblock = true;
        return 0;
}

/* O_NONBLOCK belongs to the open file, which we share with the shell that
 * started us and with whatever comes behind us in a pipe. So get a file of our
 * own, if that is possible: not from a master, which would be a new one. */
static int stream_reopen(Stream *s, int flags) {
        _cleanup_close_ int fd = -EBADF;
        struct stat a, b;
        char link[64];
        unsigned number;

        if (ioctl(s->fd, TIOCGPTN, &number) >= 0)
                return -ENOTTY;

        (void) snprintf(link, sizeof(link), "/proc/self/fd/%i", s->fd);
        fd = open(link, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        if (fstat(s->fd, &a) < 0 || fstat(fd, &b) < 0)
                return -errno;
        if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
                return -ESTALE;

        s->fd = s->own_fd = TAKE_FD(fd);
        return 0;
}

static int stream_open(Stream *s, int fd, int flags) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;

        s->fd = fd;
        s->is_terminal = isatty(fd);
        s->is_socket = S_ISSOCK(st.st_mode);
        s->is_always_ready = !s->is_terminal && !s->is_socket && !S_ISFIFO(st.st_mode);
        if (s->is_socket || s->is_always_ready)
                return 0;

        return stream_reopen(s, flags) >= 0 ? 0 : stream_set_nonblock(s);
}

static int stream_make_raw(Stream *s, TerminalSide sides) {
        int r;

        if (!s->is_terminal)
                return 0;

        r = terminal_make_raw(s->fd, sides, &s->before);
        if (r < 0)
                return r;

        s->is_raw = true;
        return 0;
}

static void stream_close(Stream *s) {
        if (s->is_raw)
                (void) terminal_restore(s->fd, &s->before);
        if (s->unset_nonblock) {
                int flags = fcntl(s->fd, F_GETFL);

                if (flags >= 0)
                        (void) fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK);
        }

        closep(&s->own_fd);
}

static int watch(Relay *relay, Side side, uint32_t interest) {
        Stream *s = &relay->streams[side];
        struct epoll_event event = { .events = interest, .data.u32 = side };
        int operation;

        if (s->fd < 0 || s->is_always_ready || s->interest == interest)
                return 0;

        /* Without any interest it must go: epoll reports a hangup always. */
        operation = interest == 0 ? EPOLL_CTL_DEL : s->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        if (epoll_ctl(relay->epoll_fd, operation, s->fd, &event) < 0)
                return -errno;

        s->interest = interest;
        return 0;
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

static bool search_escape(Relay *relay, const char *keys, size_t n) {
        uint64_t now = now_usec();

        for (size_t i = 0; i < n; i++) {
                if (keys[i] != ESCAPE_KEY)
                        relay->n_escapes = 0;
                else if (relay->n_escapes == 0 || now > relay->escape_usec + ESCAPE_USEC) {
                        relay->n_escapes = 1;
                        relay->escape_usec = now;
                } else if (++relay->n_escapes >= ESCAPE_PRESSES)
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

        if (s->is_terminal && search_escape(relay, b->data + b->size - n, (size_t) n))
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

        relay = calloc(1, sizeof(*relay));
        if (!relay)
                return -ENOMEM;

        for (Side side = 0; side < _SIDE_MAX; side++)
                relay->streams[side].fd = relay->streams[side].own_fd = -EBADF;

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
