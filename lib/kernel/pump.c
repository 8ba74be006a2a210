/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/epoll.h>

#include "lib/kernel/pump.h"
#include "lib/kernel/stream.h"

/* Then the event loop has its turn: there are signals, too. It is also more than a
 * pipe holds: what comes behind that when we finish is of somebody who goes on. */
#define ROUNDS_MAX 16

typedef enum Side {
        SIDE_FROM,
        SIDE_TO,
        _SIDE_MAX,
} Side;

struct Pump {
        int epoll_fd;
        Stream from, to;
        Buffer buffer;
        bool is_readable;               /* as far as we know */
        bool ended;                     /* nothing comes any more */
        bool finishing;
        unsigned n_last_reads;
        char last;
};

/* Whatever ends it, no more comes from there. */
static void read_some(Pump *p) {
        ssize_t n;

        n = stream_read(&p->from, &p->buffer);
        if (n == -EAGAIN) {
                p->is_readable = false;
                p->ended = p->finishing;
        } else if (n <= 0 || (p->finishing && ++p->n_last_reads >= ROUNDS_MAX))
                p->ended = true;
}

static bool may_read(const Pump *p) {
        return !p->ended && p->buffer.size == 0 &&
               (p->is_readable || p->from.is_always_ready || p->finishing);
}

static int watch(Pump *p) {
        bool wants_more = !p->ended && p->buffer.size == 0;
        int r;

        r = stream_watch(&p->from, p->epoll_fd, SIDE_FROM, wants_more ? EPOLLIN : 0);
        if (r < 0)
                return r;

        /* Of a file no event tells: it is read when it can be written on. */
        if (!p->from.is_always_ready)
                wants_more = false;
        return stream_watch(&p->to, p->epoll_fd, SIDE_TO, p->buffer.size > 0 || wants_more ? EPOLLOUT : 0);
}

static int move(Pump *p) {
        ssize_t n;

        for (size_t i = 0; i < ROUNDS_MAX; i++) {
                if (may_read(p))
                        read_some(p);
                if (p->buffer.size == 0)
                        break;

                n = stream_write(&p->to, &p->buffer, &p->last);
                if (n == -EPIPE || n == -EIO || n == -ECONNRESET)
                        return 1;
                if (n == -EAGAIN)
                        break;
                if (n < 0)
                        return (int) n;
        }

        if (p->ended && p->buffer.size == 0)
                return 1;

        return watch(p);
}

int pump_dispatch(Pump *p) {
        struct epoll_event events[_SIDE_MAX];
        int n;

        assert(p);

        n = epoll_wait(p->epoll_fd, events, _SIDE_MAX, 0);
        if (n < 0 && errno != EINTR)
                return -errno;

        for (int i = 0; i < n; i++)
                if (events[i].data.u32 == SIDE_FROM)
                        p->is_readable = true;

        return move(p);
}

int pump_finish(Pump *p) {
        assert(p);

        p->finishing = true;
        return move(p);
}

int pump_new(int from, int to, Pump **ret) {
        _cleanup_(pump_freep) Pump *p = NULL;
        int r;

        assert(ret);

        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->from = p->to = STREAM_INIT;

        p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (p->epoll_fd < 0)
                return -errno;

        r = stream_open(&p->from, from, O_RDONLY);
        if (r < 0)
                return r;
        r = stream_open(&p->to, to, O_WRONLY);
        if (r < 0)
                return r;
        r = watch(p);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}

Pump *pump_free(Pump *p) {
        if (!p)
                return NULL;

        stream_close(&p->from);
        stream_close(&p->to);
        closep(&p->epoll_fd);
        free(p);
        return NULL;
}

int pump_fd(const Pump *p) {
        assert(p);

        return p->epoll_fd;
}
