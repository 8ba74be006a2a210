/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/overlay.h"

int overlay_new(bool as_user, const int *lower_fds, size_t n_lower, int upper_fd, int work_fd) {
        _cleanup_(strv_freep) char **names = NULL;
        char upper[FD_PATH_MAX], work[FD_PATH_MAX];
        _cleanup_free_ char *lower = NULL;
        const char *options[9] = {};
        size_t n = 0;
        int r;

        for (size_t i = 0; i < n_lower; i++) {
                char name[FD_PATH_MAX];

                r = strv_push(&names, fd_path(lower_fds[i], name));
                if (r < 0)
                        return r;
        }

        r = strv_join(names, ":", &lower);
        if (r < 0)
                return r;

        options[n++] = "lowerdir";
        options[n++] = lower;
        if (upper_fd >= 0) {
                options[n++] = "upperdir";
                options[n++] = fd_path(upper_fd, upper);
                options[n++] = "workdir";
                options[n++] = fd_path(work_fd, work);
        }
        if (as_user) {
                options[n++] = "userxattr"; /* others are the host's root's to write */
                options[n++] = "";
        }

        return mount_new("overlay", options, 0);
}

static int make_directory(int directory_fd, const char *name) {
        int fd;

        if (mkdirat(directory_fd, name, 0700) < 0 && errno != EEXIST)
                return -errno;

        fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int overlay_make_directories(int directory_fd, int like_fd, int *ret_upper_fd, int *ret_work_fd) {
        _cleanup_close_ int upper_fd = -EBADF, work_fd = -EBADF;
        struct stat st;

        if (fstat(like_fd, &st) < 0)
                return -errno;

        upper_fd = make_directory(directory_fd, "upper");
        if (upper_fd < 0)
                return upper_fd;

        work_fd = make_directory(directory_fd, "work");
        if (work_fd < 0)
                return work_fd;

        /* They are those of the root directory that the guest will see. */
        if (fchown(upper_fd, st.st_uid, st.st_gid) < 0 || fchmod(upper_fd, st.st_mode & 07777) < 0)
                return -errno;

        *ret_upper_fd = TAKE_FD(upper_fd);
        *ret_work_fd = TAKE_FD(work_fd);
        return 0;
}
