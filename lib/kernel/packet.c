/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "lib/kernel/packet.h"

typedef union Control {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * PACKET_FDS_MAX)];
} Control;

void fds_close(int *fds, size_t n) {
        for (size_t i = 0; i < n; i++) {
                closep(&fds[i]);
                fds[i] = -EBADF;
        }
}

int packet_send(int fd, const struct iovec *parts, size_t n_parts, const int *fds, size_t n_fds, int flags) {
        Control control = {};
        struct msghdr message = {
                .msg_iov = (struct iovec *) parts,
                .msg_iovlen = n_parts,
        };

        assert(fd >= 0);

        if (n_fds > PACKET_FDS_MAX)
                return -E2BIG;

        if (n_fds > 0) {
                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
                control.header = (struct cmsghdr) {
                        .cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS,
                        .cmsg_len = CMSG_LEN(sizeof(int) * n_fds),
                };
                memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
        }

        while (sendmsg(fd, &message, flags | MSG_NOSIGNAL) < 0)
                if (errno != EINTR)
                        return -errno;

        return 0;
}

/* All descriptors that came are ours to close, also of what is refused. */
static size_t take_fds(struct msghdr *message, int *fds) {
        size_t n_fds = 0, n;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;

                n = MIN((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), PACKET_FDS_MAX - n_fds);
                memcpy(fds + n_fds, CMSG_DATA(c), n * sizeof(int));
                n_fds += n;
        }

        return n_fds;
}

ssize_t packet_receive(int fd, void *buffer, size_t size, int flags, int *ret_fds, size_t *ret_n_fds) {
        Control control = {};
        struct iovec part = { .iov_base = buffer, .iov_len = size };
        struct msghdr message = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        size_t n_fds;
        ssize_t n;

        assert(fd >= 0);
        assert(ret_fds);
        assert(ret_n_fds);

        do
                n = recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        n_fds = take_fds(&message, ret_fds);
        if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
                fds_close(ret_fds, n_fds);
                return message.msg_flags & MSG_TRUNC ? -EFBIG : -EPROTO;
        }

        *ret_n_fds = n_fds;
        return n;
}
