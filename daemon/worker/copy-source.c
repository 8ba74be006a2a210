/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/socket.h>

#include "daemon/worker/copy-source.h"
#include "lib/base/beneath.h"
#include "lib/base/file.h"

/* The very thing that is open already, so what it is cannot have changed. */
static int open_for_reading(int path_fd, mode_t mode) {
        int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (S_ISDIR(mode) ? O_DIRECTORY : 0);
        char path[FD_PATH_MAX];
        int fd;

        fd = open(fd_path(path_fd, path), flags);
        return fd < 0 ? -errno : fd;
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
        uint32_t xattrs_size;
} Answer;

static int send_with_fd(int socket, const void *data, size_t size, int fd) {
        union {
                struct cmsghdr header;
                char buffer[CMSG_SPACE(sizeof(int))];
        } control = { .header = {
                .cmsg_len = CMSG_LEN(sizeof(int)),
                .cmsg_level = SOL_SOCKET,
                .cmsg_type = SCM_RIGHTS,
        } };
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        if (fd >= 0) {
                message.msg_control = &control;
                message.msg_controllen = sizeof(control.buffer);
                memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        }

        n = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (n < 0)
                return -errno;

        return (size_t) n == size ? 0 : -EIO;
}

/* Returns 1, or 0 at the end. */
static int receive_with_fd(int socket, void *data, size_t size, int *ret_fd) {
        union {
                struct cmsghdr header;
                char buffer[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct iovec iov = { .iov_base = data, .iov_len = size };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control.buffer),
        };
        struct cmsghdr *header;
        int fd = -EBADF;
        ssize_t n;

        n = recvmsg(socket, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return -errno;

        header = CMSG_FIRSTHDR(&message);
        if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
            header->cmsg_len == CMSG_LEN(sizeof(int)))
                memcpy(&fd, CMSG_DATA(header), sizeof(fd));

        if (n > 0 && (size_t) n < size) {
                closep(&fd);
                return -EIO;
        }

        *ret_fd = fd;
        return n > 0;
}

static int receive_xattrs(int socket, size_t size, CopyAttributes *a) {
        int fd = -EBADF, r;

        if (size > COPY_XATTRS_MAX)
                return -EBADMSG;
        if (size == 0)
                return 0;

        a->xattrs = malloc(size);
        if (!a->xattrs)
                return -ENOMEM;
        a->xattrs_size = size;

        r = receive_with_fd(socket, a->xattrs, size, &fd);
        closep(&fd);
        return r > 0 ? 0 : r < 0 ? r : -EPIPE;
}

int copy_source_ask(int socket, int directory_fd, const char *name, bool disowns, CopySource *ret) {
        _cleanup_(copy_source_done) CopySource s = { .fd = -EBADF };
        Question question = { .disowns = disowns };
        Answer answer;
        int r;

        assert(socket >= 0);
        assert(directory_fd >= 0);
        assert(name);
        assert(ret);

        if (strlen(name) > NAME_MAX)
                return -ENAMETOOLONG;

        strcpy(question.name, name);
        r = send_with_fd(socket, &question, sizeof(question), directory_fd);
        if (r < 0)
                return r;

        r = receive_with_fd(socket, &answer, sizeof(answer), &s.fd);
        if (r < 0)
                return r;
        if (r == 0)
                return -EPIPE;
        if (answer.result < 0)
                return answer.result;
        if (s.fd < 0)
                return -EBADMSG;

        s.attributes.st = answer.st;
        r = receive_xattrs(socket, answer.xattrs_size, &s.attributes);
        if (r < 0)
                return r;

        *ret = s;
        s = (CopySource) { .fd = -EBADF };
        return 0;
}

static int send_answer(int socket, int result, const CopySource *s) {
        Answer answer = {
                .result = result,
                .st = s->attributes.st,
                .xattrs_size = (uint32_t) s->attributes.xattrs_size,
        };
        int r;

        r = send_with_fd(socket, &answer, sizeof(answer), s->fd);
        if (r < 0 || answer.xattrs_size == 0)
                return r;

        return send_with_fd(socket, s->attributes.xattrs, answer.xattrs_size, -EBADF);
}

int copy_source_serve(int socket) {
        int r;

        assert(socket >= 0);

        for (;;) {
                _cleanup_(copy_source_done) CopySource s = { .fd = -EBADF };
                _cleanup_close_ int directory_fd = -EBADF;
                Question question;

                r = receive_with_fd(socket, &question, sizeof(question), &directory_fd);
                if (r <= 0)
                        return r;
                if (directory_fd < 0)
                        return -EBADMSG;

                question.name[NAME_MAX] = 0;
                r = copy_source_open(directory_fd, question.name, question.disowns, &s);
                r = send_answer(socket, r, &s);
                if (r < 0)
                        return r;
        }
}

void copy_source_done(CopySource *s) {
        assert(s);

        closep(&s->fd);
        copy_attributes_done(&s->attributes);
        s->fd = -EBADF;
}
