/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/kernel/clone.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/packet.h"

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

/* Whose a file system will be is settled when it is begun, by who does that. Mounts may be made by root
 * of a user namespace only where the mount namespace belongs to that, too. */
static int open_as(int users_fd, const char *type) {
        int fd;

        if (setns(users_fd, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
                return -errno;

        fd = fsopen(type, FSOPEN_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static _Noreturn void open_and_send(int socket_fd, int users_fd, const char *type) {
        int fd = open_as(users_fd, type), result = MIN(fd, 0);
        struct iovec part = { .iov_base = &result, .iov_len = sizeof(result) };

        _exit(packet_send(socket_fd, &part, 1, &fd, fd >= 0, 0) < 0);
}

static int receive_opened(int socket_fd) {
        int fds[PACKET_FDS_MAX], result;
        size_t n_fds = 0;
        ssize_t n;

        n = packet_receive(socket_fd, &result, sizeof(result), 0, fds, &n_fds);
        if (n < 0)
                return (int) n;
        if (n != sizeof(result) || (result >= 0 && n_fds != 1))
                return -ESRCH; /* it has died */

        return result < 0 ? result : fds[0];
}

/* A process of its own goes there, as there is no way back. */
static int open_elsewhere(int users_fd, const char *type) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF, pidfd = -EBADF;
        int pair[2], fd;
        siginfo_t si;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];

        pid = process_clone(0, -EBADF, &pidfd);
        if (pid < 0)
                return pid;
        if (pid == 0)
                open_and_send(theirs, users_fd, type);

        closep(&theirs); /* so that its end is seen */
        theirs = -EBADF;
        fd = receive_opened(ours);
        while (waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED) < 0 && errno == EINTR)
                ;

        return fd;
}

static int open_file_system(int users_fd, const char *type) {
        int fd;

        if (users_fd >= 0)
                return open_elsewhere(users_fd, type);

        fd = fsopen(type, FSOPEN_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int mount_new_of(int users_fd, const char *type, const char *const *options, unsigned attributes) {
        _cleanup_close_ int fs_fd = -EBADF;
        int fd, r;

        assert(type);

        fs_fd = open_file_system(users_fd, type);
        if (fs_fd < 0)
                return fs_fd;

        /* For those who read mountinfo; the kernel's own word would be "none". */
        if (fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", type, 0) < 0)
                return -errno;

        r = configure(fs_fd, options);
        if (r < 0)
                return r;

        fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, attributes);
        return fd < 0 ? -errno : fd;
}

int mount_new(const char *type, const char *const *options, unsigned attributes) {
        return mount_new_of(-EBADF, type, options, attributes);
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
