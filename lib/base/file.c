/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/text.h"

int fd_read_all(int fd, size_t limit, char **ret, size_t *ret_size) {
        _cleanup_free_ char *buffer = NULL;
        size_t size = 0, space = 0;
        ssize_t n;

        assert(fd >= 0);
        assert(limit < SIZE_MAX / 4);
        assert(ret);

        for (;;) {
                /* One byte more than the limit, to see that there is more, and one for the NUL. */
                if (size + 2 > space) {
                        char *grown;

                        space = MAX(space * 2, (size_t) 4096);
                        space = MIN(space, limit + 2);
                        grown = realloc(buffer, space);
                        if (!grown)
                                return -ENOMEM;
                        buffer = grown;
                }

                n = read(fd, buffer + size, space - size - 1);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (n == 0)
                        break;

                size += (size_t) n;
                if (size > limit)
                        return -EFBIG;
        }

        buffer[size] = 0;
        if (ret_size)
                *ret_size = size;
        *ret = TAKE_PTR(buffer);
        return 0;
}

int fd_write_all(int fd, const void *data, size_t size) {
        const char *p = data;
        ssize_t n;

        while (size > 0) {
                n = write(fd, p, size);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }

                p += n;
                size -= (size_t) n;
        }

        return 0;
}

int file_read(const char *path, size_t limit, char **ret) {
        _cleanup_close_ int fd = -EBADF;

        assert(path);

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        return fd_read_all(fd, limit, ret, NULL);
}

int file_write(const char *path, const char *text) {
        _cleanup_close_ int fd = -EBADF;

        assert(path);
        assert(text);

        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        return fd_write_all(fd, text, strlen(text));
}

static int write_new_file(int directory_fd, const char *name, mode_t mode, const char *text) {
        _cleanup_close_ int fd = -EBADF;

        fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;

        if (fchmod(fd, mode) < 0)
                return -errno;

        return fd_write_all(fd, text, strlen(text));
}

int file_replace(int directory_fd, const char *name, mode_t mode, const char *text) {
        _cleanup_free_ char *temporary = NULL;
        const char *base;
        int r;

        assert(name);
        assert(text);

        base = strrchr(name, '/');
        base = base ? base + 1 : name;

        r = text_printf(&temporary, "%.*s.#%s", (int) (base - name), name, base);
        if (r < 0)
                return r;

        r = write_new_file(directory_fd, temporary, mode, text);
        if (r >= 0 && renameat(directory_fd, temporary, directory_fd, name) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(directory_fd, temporary, 0);

        return r;
}

static int make_one(const char *path, mode_t mode) {
        struct stat st;

        if (mkdir(path, mode) >= 0)
                return chmod(path, mode) < 0 ? -errno : 0; /* the umask may have taken some */
        if (errno != EEXIST)
                return -errno;
        if (stat(path, &st) < 0)
                return -errno;

        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int directory_make(const char *path, mode_t mode) {
        _cleanup_free_ char *parent = NULL;
        int r;

        assert(path);

        parent = strdup(path);
        if (!parent)
                return -ENOMEM;

        for (char *p = parent + 1; (p = strchr(p, '/')); *p++ = '/') {
                *p = 0;
                r = make_one(parent, 0755);
                if (r < 0)
                        return r;
        }

        return make_one(path, mode);
}

const char *fd_path(int fd, char buffer[static FD_PATH_MAX]) {
        assert(fd >= 0);

        (void) snprintf(buffer, FD_PATH_MAX, "/proc/self/fd/%i", fd);
        return buffer;
}

int fd_reopen(int fd, int flags) {
        char path[FD_PATH_MAX];
        int opened;

        opened = open(fd_path(fd, path), flags);
        return opened < 0 ? -errno : opened;
}
