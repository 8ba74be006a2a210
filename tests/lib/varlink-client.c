/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "tests/lib/varlink-client.h"
#include "tests/test.h"

void varlink_client_pair(uid_t uid, int ret[static 2]) {
        CHECK_OK(seteuid(uid));
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret));
        CHECK_OK(seteuid(getuid()));
}

void varlink_client_open_as(
                VarlinkClient *c,
                VarlinkServer *s,
                uid_t uid,
                void (*settle)(void *userdata),
                void *userdata) {

        int pair[2];

        varlink_client_pair(uid, pair);
        *c = (VarlinkClient) {
                .fd = pair[0], .received_fd = -EBADF, .settle = settle, .userdata = userdata };
        CHECK_OK(varlink_server_serve(s, pair[1]));
}

void varlink_client_close(VarlinkClient *c) {
        closep(&c->fd);
        closep(&c->received_fd);
        free(c->received);
        *c = (VarlinkClient) { .fd = -EBADF, .received_fd = -EBADF };
}

void varlink_client_receive(VarlinkClient *c) {
        char control[CMSG_SPACE(sizeof(int))];
        char buffer[65536];

        for (;;) {
                struct iovec iov = { buffer, sizeof(buffer) };
                struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                                    .msg_controllen = sizeof(control) };
                ssize_t n = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

                if (n <= 0)
                        return;
                for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
                        closep(&c->received_fd);
                        memcpy(&c->received_fd, CMSG_DATA(h), sizeof(int));
                }

                c->received = realloc(c->received, c->n_received + n);
                CHECK(c->received);
                memcpy(c->received + c->n_received, buffer, n);
                c->n_received += n;
        }
}

void varlink_client_send(VarlinkClient *c, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = send(c->fd, data, size, MSG_NOSIGNAL);

                if (n < 0 && errno == EAGAIN) {
                        c->settle(c->userdata);
                        varlink_client_receive(c);
                        continue;
                }
                if (n < 0)
                        return;
                data += n;
                size -= n;
        }
}

void varlink_client_open(
                VarlinkClient *c,
                VarlinkServer *s,
                void (*settle)(void *userdata),
                void *userdata) {

        varlink_client_open_as(c, s, getuid(), settle, userdata);
}

char *varlink_client_next(VarlinkClient *c) {
        char *message, *end;

        c->settle(c->userdata);
        varlink_client_receive(c);
        end = c->n_received > 0 ? memchr(c->received, 0, c->n_received) : NULL;
        if (!end)
                return NULL;

        message = strdup(c->received);
        CHECK(message);
        c->n_received -= end + 1 - c->received;
        memmove(c->received, end + 1, c->n_received);
        return message;
}
