/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/kernel/stream.h"

ssize_t stream_read(const Stream *s, Buffer *b) {
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

ssize_t stream_write(const Stream *s, Buffer *b, char *last) {
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

int stream_set_nonblock(Stream *s) {
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

/* Not from a master, which would be a new one. */
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

int stream_open(Stream *s, int fd, int flags) {
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

int stream_make_raw(Stream *s, TerminalSide sides) {
        int r;

        if (!s->is_terminal)
                return 0;

        r = terminal_make_raw(s->fd, sides, &s->before);
        if (r < 0)
                return r;

        s->is_raw = true;
        return 0;
}

void stream_close(Stream *s) {
        if (s->is_raw)
                (void) terminal_restore(s->fd, &s->before);
        if (s->unset_nonblock) {
                int flags = fcntl(s->fd, F_GETFL);

                if (flags >= 0)
                        (void) fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK);
        }

        closep(&s->own_fd);
}

int stream_watch(Stream *s, int epoll_fd, uint32_t id, uint32_t interest) {
        struct epoll_event event = { .events = interest, .data.u32 = id };
        int operation;

        assert(s);

        if (s->fd < 0 || s->is_always_ready || s->interest == interest)
                return 0;

        /* Without any interest it must go: epoll reports a hangup always. */
        operation = interest == 0 ? EPOLL_CTL_DEL : s->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        if (epoll_ctl(epoll_fd, operation, s->fd, &event) < 0)
                return -errno;

        s->interest = interest;
        return 0;
}
