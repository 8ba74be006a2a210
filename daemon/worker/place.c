/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/worker/place.h"
#include "lib/base/beneath.h"

int place_name(const char *path, Place *ret) {
        size_t n;
        char *p;

        assert(path);
        assert(ret);

        n = strlen(path);
        while (n > 1 && path[n - 1] == '/')
                n--;

        p = strndup(path, n);
        if (!p)
                return -ENOMEM;

        *ret = (Place) { .fd = -EBADF, .path = p, .name = streq(p, "/") ? "." : strrchr(p, '/') + 1 };
        return 0;
}

int place_open(int root_fd, const char *path, Place *ret) {
        _cleanup_(place_done) Place p = { .fd = -EBADF };
        int r;

        assert(root_fd >= 0);

        if (path[0] != '/')
                return -EINVAL;

        r = place_name(path, &p);
        if (r < 0)
                return r;

        if (streq(p.path, "/"))
                p.fd = beneath_open(root_fd, ".", O_PATH | O_DIRECTORY, 0);
        else
                p.fd = beneath_open_parent(root_fd, p.path, &p.name);
        if (p.fd < 0)
                return p.fd;

        *ret = p;
        p = (Place) { .fd = -EBADF };
        return 0;
}

void place_done(Place *p) {
        assert(p);

        closep(&p->fd);
        free(p->path);
        *p = (Place) { .fd = -EBADF };
}

int place_open_host(void) {
        int fd;

        fd = open("/proc/1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && (errno == EACCES || errno == EPERM))
                fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}
