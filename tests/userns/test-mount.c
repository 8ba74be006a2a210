/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "lib/kernel/clone.h"
#include "lib/kernel/device.h"
#include "lib/kernel/loopback.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/process.h"
#include "tests/userns/userns.h"

#define SKIP_UNLESS_ROOT() SKIP_UNLESS(userns_enter() >= 0, "user namespaces")

/* A tmpfs of our own with a directory "a" in it, attached to /tmp. */
static int make_tree(void) {
        static const char *const options[] = { "mode", "0755", "size", "1m", NULL };
        _cleanup_close_ int target_fd = -EBADF;
        int fd;

        fd = mount_new("tmpfs", options, MOUNT_ATTR_NOSUID);
        CHECK_OK(fd);
        CHECK(mkdirat(fd, "a", 0700) >= 0);

        target_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK(target_fd >= 0);
        CHECK_OK(mount_attach(fd, target_fd));
        return fd;
}

static unsigned long flags_of(const char *path) {
        struct statvfs sv;

        CHECK(statvfs(path, &sv) >= 0);
        return sv.f_flag;
}

TEST(a_mount_is_prepared_before_it_is_seen) {
        _cleanup_close_ int fd = -EBADF;

        SKIP_UNLESS_ROOT();

        fd = make_tree();
        CHECK(access("/tmp/a", F_OK) >= 0);
        CHECK(flags_of("/tmp") & ST_NOSUID);
        CHECK(mount_is_root(fd));
        CHECK(umount2("/tmp", MNT_DETACH) >= 0);
}

TEST(options_that_are_wrong_make_no_mount) {
        static const char *const options[] = { "size", "lots", NULL };

        SKIP_UNLESS_ROOT();

        CHECK_ERR(mount_new("tmpfs", options, 0), EINVAL);
        CHECK_ERR(mount_new("nofs", NULL, 0), ENODEV);
}

TEST(attributes_are_added_to_what_is_there) {
        _cleanup_close_ int fd = -EBADF;

        SKIP_UNLESS_ROOT();

        fd = make_tree();
        CHECK_OK(mount_set_attributes(fd, MOUNT_ATTR_RDONLY, false));
        CHECK((flags_of("/tmp") & (ST_RDONLY | ST_NOSUID)) == (ST_RDONLY | ST_NOSUID));
        CHECK(mkdir("/tmp/b", 0700) < 0 && errno == EROFS);
        CHECK(umount2("/tmp", MNT_DETACH) >= 0);
}

TEST(a_clone_shows_the_same_elsewhere) {
        _cleanup_close_ int fd = -EBADF, clone_fd = -EBADF, target_fd = -EBADF;

        SKIP_UNLESS_ROOT();

        fd = make_tree();
        CHECK(mkdirat(fd, "a/below", 0700) >= 0 && mkdirat(fd, "b", 0700) >= 0);
        clone_fd = mount_clone(fd, "a", true);
        CHECK_OK(clone_fd);
        CHECK_OK(mount_set_attributes(clone_fd, MOUNT_ATTR_RDONLY, true));

        target_fd = openat(fd, "b", O_PATH | O_CLOEXEC);
        CHECK_OK(mount_attach(clone_fd, target_fd));
        CHECK(access("/tmp/b/below", F_OK) >= 0);
        CHECK(mkdir("/tmp/b/x", 0700) < 0 && errno == EROFS);
        CHECK(mkdir("/tmp/a/x", 0700) >= 0);
        CHECK_ERR(mount_clone(fd, "nothing", false), ENOENT);
        CHECK(umount2("/tmp", MNT_DETACH) >= 0);
}

TEST(no_way_leads_out_of_what_is_confined) {
        _cleanup_close_ int fd = -EBADF, directory_fd = -EBADF, confined_fd = -EBADF, file_fd = -EBADF;
        struct stat st, up;

        SKIP_UNLESS_ROOT();

        fd = make_tree();
        file_fd = openat(fd, "a/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        CHECK_OK(file_fd);
        CHECK_OK(symlinkat("file", fd, "a/link"));
        CHECK_OK(mkdirat(fd, "secret", 0755));

        directory_fd = openat(fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_OK(faccessat(directory_fd, "../secret", F_OK, 0)); /* or there is nothing to confine */
        confined_fd = mount_open_confined(directory_fd);
        CHECK_OK(confined_fd);

        CHECK_OK(faccessat(confined_fd, "file", R_OK, 0));
        CHECK(faccessat(confined_fd, "link", F_OK, 0) < 0 && errno == ELOOP);
        CHECK(faccessat(confined_fd, "../secret", F_OK, 0) < 0 && errno == ENOENT);
        CHECK(unlinkat(confined_fd, "file", 0) < 0 && errno == EROFS);
        CHECK(mkdirat(confined_fd, "made", 0755) < 0 && errno == EROFS);
        CHECK_OK(fstatat(confined_fd, ".", &st, 0));
        CHECK_OK(fstatat(confined_fd, "../../..", &up, 0));
        CHECK(st.st_ino == up.st_ino && st.st_dev == up.st_dev);

        /* It does not keep the tree from going. */
        CHECK(umount2("/tmp", MNT_DETACH) >= 0);
        CHECK_OK(faccessat(confined_fd, "file", R_OK, 0));
}

TEST(a_device_that_cannot_be_made_is_the_host_s) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        SKIP_UNLESS_ROOT();

        /* In a user namespace mknod() is refused: this is the other way. */
        fd = make_tree();
        CHECK_OK(device_make(fd, "null", makedev(1, 3), "/dev/null"));
        CHECK(stat("/tmp/null", &st) >= 0);
        CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));

        CHECK_ERR(device_make(fd, "zero", makedev(1, 5), "/dev/null"), ENODEV);
        CHECK(access("/tmp/zero", F_OK) < 0);
        CHECK(umount2("/tmp", MNT_DETACH) >= 0);
}

TEST(loopback_comes_up) {
        SKIP_UNLESS_ROOT();

        CHECK_OK(loopback_up());
}

/* In the new process: one tree is all there is. */
static int pivot_and_look(int fd) {
        int r;

        r = mount_pivot(fd);
        if (r < 0)
                return r;
        if (access("/a", F_OK) < 0 || access("/proc", F_OK) >= 0)
                return -ENOTEMPTY;

        return mount_set_propagation(fd, MS_SHARED);
}

TEST(a_pivot_leaves_nothing_of_the_old_tree) {
        _cleanup_close_ int pidfd = -EBADF;
        siginfo_t si;
        pid_t pid;

        SKIP_UNLESS_ROOT();

        pid = process_clone(CLONE_NEWNS, -EBADF, &pidfd);
        CHECK_OK(pid);
        if (pid == 0)
                _exit(pivot_and_look(make_tree()) < 0);

        CHECK(waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED) >= 0);
        CHECK(si.si_code == CLD_EXITED && si.si_status == 0);
        CHECK(access("/proc/self", F_OK) >= 0);
}

TEST_MAIN()
