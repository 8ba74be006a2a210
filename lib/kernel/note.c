/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "lib/kernel/note.h"
#include "lib/kernel/socket.h"

/* The most that the kernel lets one message carry (SCM_MAX_FD). */
#define FDS_MAX 253

int note_listen(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        int on = 1;

        fd = socket_bind(path, SOCK_DGRAM, 0600);
        if (fd < 0)
                return fd;
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
                return -errno;

        return TAKE_FD(fd);
}

static void close_fds(const struct cmsghdr *c) {
        const uint8_t *data = CMSG_DATA(c);
        int fd;

        for (size_t n = 0; CMSG_LEN(sizeof(int) * (n + 1)) <= c->cmsg_len; n++) {
                memcpy(&fd, data + sizeof(int) * n, sizeof(fd));
                (void) close(fd);
        }
}

int note_receive(int fd, char ret_text[static NOTE_SIZE_MAX], pid_t *ret_sender) {
        union {
                struct cmsghdr header;
                uint8_t bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * FDS_MAX)];
        } control;
        struct iovec iov = { .iov_base = ret_text, .iov_len = NOTE_SIZE_MAX - 1 };
        struct msghdr m = {
                .msg_iov = &iov, .msg_iovlen = 1,
                .msg_control = &control, .msg_controllen = sizeof(control),
        };
        struct ucred sender = {};
        ssize_t n;

        assert(fd >= 0);
        assert(ret_sender);

        n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
        if (n < 0)
                return -errno;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
                if (c->cmsg_level != SOL_SOCKET)
                        continue;

                if (c->cmsg_type == SCM_CREDENTIALS)
                        memcpy(&sender, CMSG_DATA(c), sizeof(sender));
                else if (c->cmsg_type == SCM_RIGHTS)
                        close_fds(c);
        }

        if (n >= NOTE_SIZE_MAX)
                return -EMSGSIZE;

        ret_text[n] = 0;
        *ret_sender = sender.pid;
        return 0;
}

int note_send(const char *path, const char *text) {
        _cleanup_close_ int fd = -EBADF;

        assert(text);

        fd = socket_connect(path, SOCK_DGRAM);
        if (fd < 0)
                return fd;

        return send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}
