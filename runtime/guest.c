/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"

const char *const guest_proc_masked[] = { "kallsyms", "kcore", "keys", "sysrq-trigger", "timer_list", NULL };

const char *const guest_proc_read_only[] = { "acpi", "apm", "asound", "bus", "fs", "irq", "scsi", NULL };

int guest_open_top(const Run *run, const char *name) {
        int fd;

        if (mkdirat(run->root_fd, name, 0755) < 0 && errno != EEXIST && errno != EROFS)
                return -errno;

        fd = openat(run->root_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int guest_make_directory(int directory_fd, const char *name, mode_t mode) {
        return mkdirat(directory_fd, name, mode) < 0 ? -errno : 0;
}

int guest_write_file(int directory_fd, const char *name, mode_t mode, const char *text) {
        _cleanup_close_ int fd = -EBADF;

        fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;

        return fd_write_all(fd, text, strlen(text));
}

int guest_attach_at(int mount_fd, int directory_fd, const char *name) {
        _cleanup_close_ int target_fd = -EBADF;

        target_fd = openat(directory_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (target_fd < 0)
                return -errno;

        return mount_attach(mount_fd, target_fd);
}

#define OPTIONS_MAX 16

int guest_mount_new(const Run *run, const char *type, const char *const *options, unsigned attributes) {
        const char *all[OPTIONS_MAX + 3] = {};
        size_t n = 0;

        assert(run);

        for (; options && options[n]; n++) {
                if (n >= OPTIONS_MAX)
                        return -E2BIG;
                all[n] = options[n];
        }

        if (run->spec->selinux_apifs_context && (streq(type, "tmpfs") || streq(type, "devpts"))) {
                all[n++] = "context";
                all[n++] = run->spec->selinux_apifs_context;
        }

        return mount_new(type, all, attributes);
}

int guest_mount_at(
                const Run *run,
                const char *type,
                const char *const *options,
                unsigned attributes,
                int directory_fd,
                const char *name) {

        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = guest_mount_new(run, type, options, attributes);
        if (fd < 0)
                return fd;

        r = guest_attach_at(fd, directory_fd, name);
        if (r < 0)
                return r;

        return TAKE_FD(fd);
}
