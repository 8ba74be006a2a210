/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/kernel/mount.h"

static int configure(int fs_fd, const char *const *options) {
        for (; options && options[0]; options += 2) {
                unsigned command = *options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

                if (fsconfig(fs_fd, command, options[0], *options[1] ? options[1] : NULL, 0) < 0)
                        return -errno;
        }

        if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;

        return 0;
}

int mount_new(const char *type, const char *const *options, unsigned attributes) {
        _cleanup_close_ int fs_fd = -EBADF;
        int fd, r;

        assert(type);

        fs_fd = fsopen(type, FSOPEN_CLOEXEC);
        if (fs_fd < 0)
                return -errno;

        /* For those who read mountinfo; the kernel's own word would be "none". */
        if (fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", type, 0) < 0)
                return -errno;

        r = configure(fs_fd, options);
        if (r < 0)
                return r;

        fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, attributes);
        return fd < 0 ? -errno : fd;
}

int mount_clone(int directory_fd, const char *path, bool recursive) {
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
        int fd;

        assert(path);

        if (!*path)
                flags |= AT_EMPTY_PATH;
        if (recursive)
                flags |= AT_RECURSIVE;

        fd = open_tree(directory_fd, path, flags);
        return fd < 0 ? -errno : fd;
}

int mount_open_confined(int directory_fd) {
        _cleanup_close_ int mount_fd = -EBADF;
        int r, fd;

        mount_fd = mount_clone(directory_fd, "", /* recursive= */ false);
        if (mount_fd < 0)
                return mount_fd;

        r = mount_set_propagation(mount_fd, MS_PRIVATE);
        if (r >= 0)
                r = mount_set_attributes(mount_fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW |
                                         MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                                         /* recursive= */ true);
        if (r < 0)
                return r;

        /* That of the mount only stands for the directory, and cannot list it. */
        fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int mount_attach(int mount_fd, int target_fd) {
        assert(mount_fd >= 0);
        assert(target_fd >= 0);

        if (move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return -errno;

        return 0;
}

static int set(int mount_fd, bool recursive, struct mount_attr attr) {
        unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

        if (mount_setattr(mount_fd, "", flags, &attr, sizeof(attr)) < 0)
                return -errno;

        return 0;
}

int mount_set_attributes(int mount_fd, unsigned attributes, bool recursive) {
        assert(mount_fd >= 0);

        return set(mount_fd, recursive, (struct mount_attr) { .attr_set = attributes });
}

int mount_set_idmap(int mount_fd, int users_fd, bool recursive) {
        assert(mount_fd >= 0);
        assert(users_fd >= 0);

        return set(mount_fd, recursive, (struct mount_attr) {
                .attr_set = MOUNT_ATTR_IDMAP,
                .userns_fd = (uint64_t) users_fd,
        });
}

int mount_set_propagation(int mount_fd, unsigned long propagation) {
        assert(mount_fd >= 0);

        return set(mount_fd, true, (struct mount_attr) { .propagation = propagation });
}

bool mount_is_root(int fd) {
        struct statx sx;

        return statx(fd, "", AT_EMPTY_PATH, 0, &sx) >= 0 && (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int mount_pivot(int root_fd) {
        assert(root_fd >= 0);

        if (fchdir(root_fd) < 0)
                return -errno;

        /* With both paths the same, the old root comes to lie upon the new
         * one, where it needs no directory of its own. See pivot_root(2). */
        if (syscall(SYS_pivot_root, ".", ".") < 0)
                return -errno;

        if (umount2(".", MNT_DETACH) < 0)
                return -errno;

        if (chdir("/") < 0)
                return -errno;

        return 0;
}
