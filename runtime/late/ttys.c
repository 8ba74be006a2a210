/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/epoll.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/pty.h"
#include "lib/kernel/relay.h"
#include "lib/kernel/socket.h"
#include "runtime/late/ttys.h"

typedef struct Tty {
        sd_event *event;        /* borrowed */
        int master;             /* borrowed */
        int peer;               /* keeps the master from seeing a hang-up between two logins */
        int listen_fd;
        int client[2];          /* whoever is at it, twice, as one cannot be watched twice; or negative */
        char *path;
        Relay *relay;           /* with that one */
        sd_event_source *arrivals;
        sd_event_source *data;
} Tty;

struct Ttys {
        sd_event *event;
        Tty list[SPEC_TTYS_MAX];
        size_t n;
};

/* Else whoever writes there would wait, at last. */
static int on_drain(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        char buffer[4096];

        (void) revents;
        (void) userdata;

        if (read(fd, buffer, sizeof(buffer)) < 0 && errno != EAGAIN && errno != EINTR)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);

        return 0;
}

static int detach(Tty *tty) {
        tty->data = sd_event_source_unref(tty->data);
        tty->relay = relay_free(tty->relay);
        for (size_t i = 0; i < ELEMENTSOF(tty->client); i++) {
                closep(&tty->client[i]);
                tty->client[i] = -EBADF;
        }

        return sd_event_add_io(tty->event, &tty->data, tty->master, EPOLLIN, on_drain, tty);
}

static int on_relay(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Tty *tty = userdata;

        (void) source;
        (void) fd;
        (void) revents;

        return relay_dispatch(tty->relay) == 0 ? 0 : detach(tty);
}

static int attach(Tty *tty) {
        RelayOptions options = { .master = tty->master, .detach_keys = "" };
        int r;

        tty->client[1] = fcntl(tty->client[0], F_DUPFD_CLOEXEC, 3);
        if (tty->client[1] < 0)
                return -errno;

        options.input = tty->client[0];
        options.output = tty->client[1];

        r = relay_new(&options, &tty->relay);
        if (r < 0)
                return r;

        tty->data = sd_event_source_unref(tty->data);
        return sd_event_add_io(tty->event, &tty->data, relay_fd(tty->relay), EPOLLIN, on_relay, tty);
}

static int on_arrival(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Tty *tty = userdata;
        int client, r;

        (void) source;
        (void) revents;

        client = socket_accept(fd);
        if (client < 0)
                return 0; /* it has left again */

        r = detach(tty);
        if (r < 0) {
                (void) close(client);
                return r;
        }

        tty->client[0] = client;
        return attach(tty) < 0 ? detach(tty) : 0;
}

static int open_tty(Tty *tty, const char *machine, size_t number) {
        int r;

        r = text_printf(&tty->path, TTYS_DIRECTORY "/%s.%zu", machine, number);
        if (r < 0)
                return r;

        tty->peer = pty_open_peer(tty->master);
        if (tty->peer < 0)
                return tty->peer;

        tty->listen_fd = socket_listen(tty->path, 0600);
        if (tty->listen_fd < 0)
                return tty->listen_fd;

        r = sd_event_add_io(tty->event, &tty->arrivals, tty->listen_fd, EPOLLIN, on_arrival, tty);
        return r < 0 ? r : detach(tty);
}

int ttys_new(sd_event *event, Run *run, Ttys **ret) {
        _cleanup_(ttys_freep) Ttys *t = NULL;
        int r;

        assert(event);
        assert(run);
        assert(ret);

        t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;

        t->event = sd_event_ref(event);
        /* Whoever may enter it may connect. */
        r = run->spec->n_ttys > 0 ? directory_make(TTYS_DIRECTORY, 0700) : 0;
        if (r < 0)
                return r;

        while (t->n < run->spec->n_ttys) {
                Tty *tty = &t->list[t->n++];

                *tty = (Tty) {
                        .event = event,
                        .master = run->guest_fds[GUEST_TTYS + t->n - 1],
                        .peer = -EBADF,
                        .listen_fd = -EBADF,
                        .client = { -EBADF, -EBADF },
                };
                r = open_tty(tty, run->spec->machine, t->n);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(t);
        return 0;
}

static void close_tty(Tty *tty) {
        (void) sd_event_source_unref(tty->arrivals);
        (void) sd_event_source_unref(tty->data);
        (void) relay_free(tty->relay);
        for (size_t i = 0; i < ELEMENTSOF(tty->client); i++)
                closep(&tty->client[i]);
        closep(&tty->peer);
        if (tty->listen_fd >= 0)
                (void) unlink(tty->path);
        closep(&tty->listen_fd);
        free(tty->path);
}

Ttys *ttys_free(Ttys *t) {
        if (!t)
                return NULL;

        for (size_t i = 0; i < t->n; i++)
                close_tty(&t->list[i]);
        (void) sd_event_unref(t->event);
        free(t);
        return NULL;
}
