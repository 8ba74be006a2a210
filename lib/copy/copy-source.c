/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/limits.h>

#include "lib/copy/copy-source.h"
#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/kernel/packet.h"

static int open_for_reading(int path_fd, mode_t mode) {
        int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (S_ISDIR(mode) ? O_DIRECTORY : 0);

        return fd_reopen(path_fd, flags);
}

int copy_source_open(int directory_fd, const char *name, bool disowns, CopySource *ret) {
        _cleanup_(copy_source_done) CopySource s = { .fd = -EBADF };
        mode_t mode;
        int fd, r;

        assert(ret);

        s.fd = beneath_open_unlinked(directory_fd, name, O_PATH | O_NOFOLLOW);
        if (s.fd < 0)
                return s.fd;

        r = copy_attributes_read(s.fd, disowns, &s.attributes);
        if (r < 0)
                return r;

        mode = s.attributes.st.st_mode;
        if (S_ISREG(mode) || S_ISDIR(mode)) {
                fd = open_for_reading(s.fd, mode);
                if (fd < 0)
                        return fd;

                (void) close(s.fd);
                s.fd = fd;
        }

        *ret = s;
        s = (CopySource) { .fd = -EBADF };
        return 0;
}

typedef struct Question {
        bool disowns;
        char name[NAME_MAX + 1];
} Question;

/* The extended attributes follow. */
typedef struct Answer {
        int result;
        struct stat st;
} Answer;

typedef struct Reply {
        Answer answer;
        char xattrs[COPY_XATTRS_MAX];
} Reply;

/* Takes what the other process has opened. */
static int read_reply(const Reply *reply, size_t size, CopySource *s) {
        size_t n = size - sizeof(reply->answer);

        if (size < sizeof(reply->answer))
                return -EPROTO;
        if (reply->answer.result < 0)
                return reply->answer.result;
        if (s->fd < 0)
                return -EPROTO;

        s->attributes.st = reply->answer.st;
        if (n == 0)
                return 0;

        s->attributes.xattrs = malloc(n);
        if (!s->attributes.xattrs)
                return -ENOMEM;

        memcpy(s->attributes.xattrs, reply->xattrs, n);
        s->attributes.xattrs_size = n;
        return 0;
}

static int receive_reply(int socket, Reply *buffer, CopySource *s) {
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        ssize_t n;

        n = packet_receive(socket, buffer, sizeof(*buffer), 0, fds, &n_fds);
        if (n < 0)
                return (int) n;
        if (n == 0)
                return -EPIPE;

        if (n_fds > 0)
                s->fd = TAKE_FD(fds[0]);
        fds_close(fds, n_fds);
        return read_reply(buffer, (size_t) n, s);
}

int copy_source_ask(int socket, int directory_fd, const char *name, bool disowns, CopySource *ret) {
        _cleanup_(copy_source_done) CopySource s = { .fd = -EBADF };
        Question question = { .disowns = disowns };
        const struct iovec part = { .iov_base = (void *) &question, .iov_len = sizeof(question) };
        _cleanup_free_ Reply *buffer = NULL;
        int r;

        assert(socket >= 0);
        assert(directory_fd >= 0);
        assert(name);
        assert(ret);

        if (strlen(name) > NAME_MAX)
                return -ENAMETOOLONG;
        strcpy(question.name, name);

        buffer = malloc(sizeof(*buffer));
        if (!buffer)
                return -ENOMEM;

        r = packet_send(socket, &part, 1, &directory_fd, 1, 0);
        if (r < 0)
                return r;

        r = receive_reply(socket, buffer, &s);
        if (r < 0)
                return r;

        *ret = s;
        s = (CopySource) { .fd = -EBADF };
        return 0;
}

static int send_reply(int socket, int result, const CopySource *s) {
        Answer answer = { .result = result, .st = s->attributes.st };
        const struct iovec parts[] = {
                { .iov_base = &answer, .iov_len = sizeof(answer) },
                { .iov_base = s->attributes.xattrs, .iov_len = s->attributes.xattrs_size },
        };

        return packet_send(socket, parts, ELEMENTSOF(parts), &s->fd, s->fd >= 0 ? 1 : 0, 0);
}

/* Returns 1, or 0 when nobody will ask any more. */
static int serve_one(int socket) {
        _cleanup_(copy_source_done) CopySource s = { .fd = -EBADF };
        Question question = {};
        int fds[PACKET_FDS_MAX], r;
        size_t n_fds = 0;
        ssize_t n;

        n = packet_receive(socket, &question, sizeof(question), 0, fds, &n_fds);
        if (n <= 0)
                return (int) n;

        question.name[NAME_MAX] = 0;
        r = n_fds == 1 ? copy_source_open(fds[0], question.name, question.disowns, &s) : -EPROTO;
        fds_close(fds, n_fds);

        r = send_reply(socket, r, &s);
        return r < 0 ? r : 1;
}

int copy_source_serve(int socket) {
        int r;

        assert(socket >= 0);

        do
                r = serve_one(socket);
        while (r > 0);

        return r;
}

void copy_source_done(CopySource *s) {
        assert(s);

        closep(&s->fd);
        copy_attributes_done(&s->attributes);
        s->fd = -EBADF;
}
