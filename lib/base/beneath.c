/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"

/* openat2() gives up with EAGAIN when a rename races with it; the guest decides
 * how often, so the patience is limited. */
#define RACES_MAX 128

static int open_resolving(int root_fd, const char *name, const struct open_how *how) {
        long fd;

        for (unsigned i = 0; i < RACES_MAX; i++) {
                fd = syscall(SYS_openat2, root_fd, name, how, sizeof(*how));
                if (fd >= 0)
                        return (int) fd;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
        }

        return -errno;
}

/* Neither FIFO nor terminal harms those who open them so. */
static unsigned harmless(int flags) {
        return (unsigned) flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK);
}

int beneath_open(int root_fd, const char *name, int flags, mode_t mode) {
        struct open_how how = {
                .flags = harmless(flags),
                .mode = mode,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };

        assert(root_fd >= 0);
        assert(name);

        return open_resolving(root_fd, *name ? name : ".", &how);
}

int beneath_open_unlinked(int directory_fd, const char *name, int flags) {
        struct open_how how = {
                .flags = harmless(flags),
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };

        assert(directory_fd >= 0);
        assert(name);

        return open_resolving(directory_fd, name, &how);
}

int beneath_leads_out(int root_fd, const char *name) {
        static const struct open_how how = {
                .flags = O_PATH | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        _cleanup_close_ int fd = -EBADF;

        assert(root_fd >= 0);
        assert(name);

        fd = open_resolving(root_fd, name, &how);
        if (fd == -EXDEV)
                return 1;

        return fd < 0 && fd != -ENOENT && fd != -ENOTDIR ? fd : 0;
}

int beneath_open_parent(int root_fd, const char *name, const char **ret_base) {
        _cleanup_free_ char *parent = NULL;
        const char *base;
        int fd;

        assert(name);
        assert(ret_base);

        base = strrchr(name, '/');
        base = base ? base + 1 : name;
        if (!*base || streq(base, ".") || streq(base, ".."))
                return -EINVAL;

        parent = strndup(name, (size_t) (base - name));
        if (!parent)
                return -ENOMEM;

        fd = beneath_open(root_fd, parent, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;

        *ret_base = base;
        return fd;
}

int beneath_make_directory(int root_fd, const char *name, mode_t mode) {
        _cleanup_close_ int parent_fd = -EBADF;
        _cleanup_free_ char *parent = NULL;
        const char *base;
        int fd;

        assert(name);

        fd = beneath_open(root_fd, name, O_PATH | O_DIRECTORY, 0);
        if (fd != -ENOENT)
                return fd;

        base = strrchr(name, '/');
        base = base ? base + 1 : name;
        if (!*base || streq(base, ".") || streq(base, ".."))
                return -EINVAL;

        parent = strndup(name, (size_t) (base - name) - (base > name + 1 ? 1 : 0));
        if (!parent)
                return -ENOMEM;

        parent_fd = isempty(parent) ? beneath_open(root_fd, ".", O_PATH | O_DIRECTORY, 0)
                                    : beneath_make_directory(root_fd, parent, mode);
        if (parent_fd < 0)
                return parent_fd;

        if (mkdirat(parent_fd, base, mode) < 0 && errno != EEXIST)
                return -errno;

        /* From the root again: what lies there may be a link by now, and only
         * the root knows where it may lead. */
        return beneath_open(root_fd, name, O_PATH | O_DIRECTORY, 0);
}

int beneath_read(int root_fd, const char *name, size_t limit, char **ret) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = beneath_open(root_fd, name, O_RDONLY, 0);
        if (fd < 0)
                return fd;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        return fd_read_all(fd, limit, ret, NULL);
}
