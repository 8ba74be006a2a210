/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/kernel/device.h"
#include "lib/kernel/mount.h"

int device_bind(int directory_fd, const char *name, dev_t number, const char *host) {
        _cleanup_close_ int mount_fd = -EBADF, target_fd = -EBADF;
        struct stat st;

        assert(directory_fd >= 0);
        assert(name);
        assert(host);

        mount_fd = mount_clone(AT_FDCWD, host, false);
        if (mount_fd < 0)
                return mount_fd;

        if (fstat(mount_fd, &st) < 0)
                return -errno;
        if (!S_ISCHR(st.st_mode) || st.st_rdev != number)
                return -ENODEV;

        target_fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (target_fd < 0)
                return -errno;

        return mount_attach(mount_fd, target_fd);
}

int device_make(int directory_fd, const char *name, dev_t number, const char *host) {
        assert(directory_fd >= 0);
        assert(name);
        assert(host);

        if (mknodat(directory_fd, name, S_IFCHR | 0666, number) >= 0)
                return 0;
        if (errno != EPERM)
                return -errno;

        return device_bind(directory_fd, name, number, host);
}
