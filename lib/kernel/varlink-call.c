/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/kernel/packet.h"
#include "lib/kernel/socket.h"
#include "lib/kernel/varlink-call.h"

/* With the NUL that ends a message. A socket that nobody has written to takes it at once. */
static int send_message(int fd, const char *message, const int *fds, size_t n_fds) {
        struct iovec part = { .iov_base = (char *) message, .iov_len = strlen(message) + 1 };

        return packet_send(fd, &part, 1, fds, n_fds, MSG_DONTWAIT);
}

static ssize_t receive_reply(int fd, char *buffer, size_t size, uint64_t deadline) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        size_t n_read = 0;

        while (n_read < size) {
                const char *end;
                ssize_t n;
                int r;

                r = clock_poll(&p, 1, deadline);
                if (r <= 0)
                        return r < 0 ? r : -ETIMEDOUT;

                n = recv(fd, buffer + n_read, size - n_read, MSG_DONTWAIT);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -ECONNRESET;

                end = memchr(buffer + n_read, '\0', (size_t) n);
                n_read += (size_t) n;
                if (end)
                        return end == buffer + n_read - 1 ? (ssize_t) n_read - 1 : -EPROTO;
        }

        return -EFBIG;
}

ssize_t varlink_call(
                const char *path,
                const char *message,
                const int *fds,
                size_t n_fds,
                uint64_t timeout_usec,
                char **ret) {

        uint64_t deadline = clock_now_usec() + timeout_usec;
        _cleanup_free_ char *buffer = NULL;
        _cleanup_close_ int fd = -EBADF;
        ssize_t n;
        int r;

        assert(path);
        assert(message);
        assert(ret);

        buffer = malloc(VARLINK_REPLY_MAX + 1);
        if (!buffer)
                return -ENOMEM;

        fd = socket_connect(path, SOCK_STREAM);
        if (fd < 0)
                return fd;

        r = send_message(fd, message, fds, n_fds);
        if (r < 0)
                return r;

        n = receive_reply(fd, buffer, VARLINK_REPLY_MAX + 1, deadline);
        if (n < 0)
                return n;

        *ret = TAKE_PTR(buffer);
        return n;
}
