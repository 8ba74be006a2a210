/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
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

int guest_bind_file(const Run *run, const char *source, const char *target) {
        _cleanup_close_ int source_fd = -EBADF, target_fd = -EBADF;
        int r;

        target_fd = beneath_open(run->root_fd, target, O_PATH, 0);
        if (target_fd < 0)
                return target_fd;

        source_fd = mount_clone(AT_FDCWD, source, false);
        if (source_fd < 0)
                return source_fd;

        r = mount_set_attributes(source_fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_HARMLESS, false);
        return r < 0 ? r : mount_attach(source_fd, target_fd);
}

int guest_remove_file(const Run *run, const char *path) {
        _cleanup_close_ int directory_fd = -EBADF;
        const char *base;

        directory_fd = beneath_open_parent(run->root_fd, path, &base);
        if (directory_fd < 0)
                return directory_fd == -ENOENT ? 0 : directory_fd;

        return unlinkat(directory_fd, base, 0) < 0 && errno != ENOENT ? -errno : 0;
}

#define OPTIONS_MAX 16

/* Users that are lent to the machine make files only where these do not outlive them: in file systems
 * that belong to their namespace. */
static int users_of(const Run *run, const char *type) {
        return streq(type, "tmpfs") ? run->range->users_fd : -EBADF;
}

/* The contents of the others have labels of the kernel's. */
static bool is_labelled(const char *type) {
        return streq(type, "tmpfs") || streq(type, "ramfs") || streq(type, "devpts");
}

int guest_mount_new(const Run *run, const char *type, const char *const *options, unsigned attributes) {
        const char *all[OPTIONS_MAX + 3] = {};
        size_t n = 0;

        assert(run);

        for (; options && options[n]; n++) {
                if (n >= OPTIONS_MAX)
                        return -E2BIG;
                all[n] = options[n];
        }

        if (run->spec->selinux_apifs_context && is_labelled(type)) {
                all[n++] = "context";
                all[n++] = run->spec->selinux_apifs_context;
        }

        return mount_new_of(users_of(run, type), type, all, attributes);
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
