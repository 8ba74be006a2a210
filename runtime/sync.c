/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "runtime/sync.h"

typedef union Control {
        struct cmsghdr header;
        uint8_t buffer[CMSG_SPACE(sizeof(int) * SYNC_FDS_MAX)];
} Control;

int sync_pair(int *ret_supervisor, int *ret_leader) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;

        *ret_supervisor = fds[0];
        *ret_leader = fds[1];
        return 0;
}

int sync_send(int fd, const SyncMessage *message, const int *fds, size_t n_fds) {
        struct iovec iov = { .iov_base = (void *) message, .iov_len = sizeof(*message) };
        struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
        Control control = {};

        assert(n_fds <= SYNC_FDS_MAX);

        if (n_fds > 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
                memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
                header.msg_control = &control;
                header.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
        }

        if (sendmsg(fd, &header, MSG_NOSIGNAL) < 0)
                return -errno;

        return 0;
}

/* Takes all that came, closes what was not asked for. */
static int take_fds(struct msghdr *header, int *ret_fds, size_t n_fds) {
        struct cmsghdr *c = CMSG_FIRSTHDR(header);
        size_t n = 0;

        if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
                const uint8_t *data = CMSG_DATA(c);
                int fd;

                for (; CMSG_LEN(sizeof(int) * (n + 1)) <= c->cmsg_len; n++) {
                        memcpy(&fd, data + sizeof(int) * n, sizeof(fd));
                        if (n < n_fds)
                                ret_fds[n] = fd;
                        else
                                (void) close(fd);
                }
        }

        return n == n_fds ? 0 : -EBADMSG;
}

int sync_receive(int fd, bool wait, SyncMessage *ret, int *ret_fds, size_t n_fds) {
        SyncMessage message = {};
        struct iovec iov = { .iov_base = &message, .iov_len = sizeof(message) };
        Control control = {};
        struct msghdr header = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        int fds[SYNC_FDS_MAX];
        ssize_t n;
        int r;

        assert(n_fds <= SYNC_FDS_MAX);

        /* Who has ended with something unread resets the connection. That is told once, and first; what it
         * has said before is there all the same. */
        do
                n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
        while (n < 0 && errno == ECONNRESET);
        if (n < 0)
                return -errno;
        if (n == 0)
                return 0;
        if (n != sizeof(message) || message.point >= _SYNC_POINT_MAX)
                return -EBADMSG;

        message.step[sizeof(message.step) - 1] = '\0';
        message.object[sizeof(message.object) - 1] = '\0';

        if (message.point == SYNC_ASSEMBLED || message.point == SYNC_BORN) {
                r = take_fds(&header, fds, n_fds);
                if (r < 0)
                        return r;
                if (ret_fds)
                        memcpy(ret_fds, fds, sizeof(int) * n_fds);
        }

        *ret = message;
        return 1;
}
