/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/kernel/socket.h"

/* Returns a new socket, and in @ret the address of the path. */
static int open_for(const char *path, int type, struct sockaddr_un *ret) {
        int fd;

        *ret = (struct sockaddr_un) { .sun_family = AF_UNIX };
        if (strlen(path) >= sizeof(ret->sun_path))
                return -ENAMETOOLONG;
        strcpy(ret->sun_path, path);

        fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        return fd < 0 ? -errno : fd;
}

int socket_bind(const char *path, int type, mode_t mode) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un address;

        assert(path);

        fd = open_for(path, type, &address);
        if (fd < 0)
                return fd;

        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        if (chmod(path, mode) < 0)
                return -errno;

        return TAKE_FD(fd);
}

int socket_listen(const char *path, mode_t mode) {
        _cleanup_close_ int fd = -EBADF;

        fd = socket_bind(path, SOCK_STREAM, mode);
        if (fd < 0)
                return fd;
        if (listen(fd, SOMAXCONN) < 0)
                return -errno;

        return TAKE_FD(fd);
}

int socket_connect(const char *path, int type) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un address;

        assert(path);

        fd = open_for(path, type, &address);
        if (fd < 0)
                return fd;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        return TAKE_FD(fd);
}

int socket_accept(int fd) {
        int client_fd;

        client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client_fd < 0)
                return errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;

        return client_fd;
}

int socket_is_served(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un address;

        assert(path);

        fd = open_for(path, SOCK_STREAM, &address);
        if (fd < 0)
                return fd;

        /* Somebody whose queue is full is there, too. */
        return connect(fd, (const struct sockaddr *) &address, sizeof(address)) >= 0 || errno == EAGAIN;
}
