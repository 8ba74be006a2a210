/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "daemon/varlink/varlink-output.h"

struct VarlinkChunk {
        VarlinkChunk *next;
        char *data;
        size_t size, sent;
        int fd;
};

static void drop_first(VarlinkOutput *o) {
        VarlinkChunk *chunk = o->first;

        o->first = chunk->next;
        if (!o->first)
                o->last = NULL;
        o->size -= chunk->size - chunk->sent;

        closep(&chunk->fd);
        free(chunk->data);
        free(chunk);
}

int varlink_output_add(VarlinkOutput *o, char *data, size_t size, int fd) {
        VarlinkChunk *chunk;

        assert(o);
        assert(data);
        assert(size > 0);

        chunk = malloc(sizeof(*chunk));
        if (!chunk)
                return -ENOMEM;

        *chunk = (VarlinkChunk) { .data = data, .size = size, .fd = fd };
        if (o->last)
                o->last->next = chunk;
        else
                o->first = chunk;
        o->last = chunk;
        o->size += size;
        return 0;
}

/* The descriptor belongs to the message's first byte. */
static ssize_t send_chunk(const VarlinkChunk *chunk, int fd) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS } };
        struct iovec iov = { .iov_base = chunk->data + chunk->sent, .iov_len = chunk->size - chunk->sent };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

        if (chunk->fd >= 0 && chunk->sent == 0) {
                memcpy(CMSG_DATA(&control.header), &chunk->fd, sizeof(int));
                message.msg_control = control.bytes;
                message.msg_controllen = sizeof(control.bytes);
        }

        return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int varlink_output_send(VarlinkOutput *o, int fd) {
        assert(o);

        while (o->first) {
                ssize_t n = send_chunk(o->first, fd);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;

                o->first->sent += n;
                o->size -= n;
                if (o->first->sent == o->first->size)
                        drop_first(o);
        }

        return 0;
}

void varlink_output_done(VarlinkOutput *o) {
        while (o->first)
                drop_first(o);
}
