/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/socket.h>

#include "lib/base/text.h"
#include "runtime/notify.h"

/* The most that the kernel lets one message carry (SCM_MAX_FD). */
#define FDS_MAX 253

typedef union Control {
        struct cmsghdr header;
        uint8_t buffer[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * FDS_MAX)];
} Control;

static void parse_line(const char *line, Notification *n) {
        const char *value;

        if (streq(line, "READY=1"))
                n->ready = true;
        else if (streq(line, "STOPPING=1"))
                n->stopping = true;
        else if ((value = startswith(line, "STATUS=")))
                (void) snprintf(n->status, sizeof(n->status), "%s", value);
        else if ((value = startswith(line, "X_SYSTEMD_SIGNALS_LEVEL=")))
                (void) parse_unsigned(value, UINT16_MAX, &n->signals_level);
}

void notification_parse(const char *text, size_t size, Notification *ret) {
        char copy[NOTIFY_SIZE_MAX + 1];
        char *rest;

        assert(text || size == 0);
        assert(ret);

        *ret = (Notification) {};

        /* A NUL ends it: what is behind one no C program has meant. */
        size = MIN(size, (size_t) NOTIFY_SIZE_MAX);
        memcpy(copy, text, size);
        copy[size] = '\0';

        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                parse_line(line, ret);

        (void) text_strip_control(ret->status);
}

static void close_fds(const struct cmsghdr *c) {
        const uint8_t *data = CMSG_DATA(c);
        int fd;

        for (size_t n = 0; CMSG_LEN(sizeof(int) * (n + 1)) <= c->cmsg_len; n++) {
                memcpy(&fd, data + sizeof(int) * n, sizeof(fd));
                (void) close(fd);
        }
}

/* Who has sent it; whatever else came along is dropped. */
static pid_t read_control(struct msghdr *header) {
        struct ucred credentials = {};

        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                if (c->cmsg_level != SOL_SOCKET)
                        continue;

                if (c->cmsg_type == SCM_RIGHTS)
                        close_fds(c);
                else if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(credentials)))
                        memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
        }

        return credentials.pid;
}

int notification_receive(int fd, pid_t sender, Notification *ret) {
        char text[NOTIFY_SIZE_MAX];
        struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
        Control control;
        struct msghdr header = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        pid_t pid;
        ssize_t n;

        assert(fd >= 0);
        assert(ret);

        n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return -errno;

        pid = read_control(&header);
        if (pid != sender || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
                return 0;

        notification_parse(text, (size_t) n, ret);
        return 1;
}
