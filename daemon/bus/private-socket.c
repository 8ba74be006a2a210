/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "daemon/bus/private-socket.h"
#include "lib/base/id128.h"
#include "lib/base/log.h"
#include "lib/kernel/socket.h"

struct PrivateSocket {
        sd_event *event;
        Bus *bus;
        int fd;
        sd_event_source *source;
        Id128 id;               /* of this server, as D-Bus wants one */
};

static int make_peer(PrivateSocket *s, int fd, sd_bus **ret) {
        _cleanup_(sd_bus_unrefp) sd_bus *peer = NULL;
        sd_id128_t id;
        int r;

        r = sd_bus_new(&peer);
        if (r < 0)
                return r;

        r = sd_bus_set_fd(peer, fd, fd);
        if (r < 0)
                return r;

        memcpy(id.bytes, s->id.bytes, sizeof(id.bytes));
        r = sd_bus_set_server(peer, true, id);
        if (r < 0)
                return r;

        r = sd_bus_negotiate_creds(peer, true,
                                   SD_BUS_CREDS_PID | SD_BUS_CREDS_UID | SD_BUS_CREDS_EUID |
                                   SD_BUS_CREDS_EFFECTIVE_CAPS);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(peer);
        return 0;
}

static int accept_peer(PrivateSocket *s) {
        _cleanup_(sd_bus_unrefp) sd_bus *peer = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct ucred peer_creds;
        socklen_t size = sizeof(peer_creds);
        int r;

        fd = socket_accept(s->fd);
        if (fd < 0)
                return fd == -EAGAIN ? 0 : fd;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer_creds, &size) < 0)
                return -errno;

        r = make_peer(s, fd, &peer);
        if (r < 0)
                return r;
        TAKE_FD(fd);

        r = sd_bus_start(peer);
        if (r < 0)
                return r;

        r = sd_bus_attach_event(peer, s->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;

        return bus_serve(s->bus, peer, peer_creds.uid);
}

static int on_connection(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        int r;

        /* Of a crowd, the log shall not tell: there, everybody could fill it. */
        r = accept_peer(userdata);
        if (r < 0)
                (void) log_full(r == -EBUSY ? LOG_DEBUG : LOG_WARNING, r, "Cannot serve a client");

        return 0;
}

/* Two daemons would take each other's machines for left over. */
static int listen_alone(const char *path, mode_t mode) {
        int r;

        r = socket_is_served(path);
        if (r < 0)
                return r;

        return r > 0 ? -EADDRINUSE : socket_listen(path, mode);
}

int private_socket_new(sd_event *event, Bus *bus, const char *path, mode_t mode, PrivateSocket **ret) {
        _cleanup_(private_socket_freep) PrivateSocket *s = NULL;
        int r;

        assert(event);
        assert(bus);
        assert(path);
        assert(ret);

        s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;

        *s = (PrivateSocket) { .event = sd_event_ref(event), .bus = bus, .fd = -EBADF };

        r = id128_random(&s->id);
        if (r < 0)
                return r;

        s->fd = listen_alone(path, mode);
        if (s->fd < 0)
                return s->fd;

        r = sd_event_add_io(event, &s->source, s->fd, EPOLLIN, on_connection, s);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

PrivateSocket *private_socket_free(PrivateSocket *s) {
        if (!s)
                return NULL;

        sd_event_source_disable_unref(s->source);
        closep(&s->fd);
        sd_event_unref(s->event);
        free(s);
        return NULL;
}
