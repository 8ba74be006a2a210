/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "lib/base/file.h"
#include "tests/lib/copy-world.h"

/* Wherever a test hangs, it ends. */
#define TEST_SECONDS 60

static int source_fd = -EBADF, target_fd = -EBADF;

bool world_enter(void) {
        static bool is_there = false;

        if (!is_there) {
                if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_SLAVE | MS_REC, NULL) < 0)
                        return false;
                is_there = true;
        } else {
                closep(&source_fd);
                closep(&target_fd);
                CHECK(chdir("/") >= 0);
                CHECK(umount2("/tmp", MNT_DETACH) >= 0);
        }

        if (mount("tmpfs", "/tmp", "tmpfs", 0, "mode=0755,size=64m") < 0)
                return false;

        CHECK(chdir("/tmp") >= 0 && mkdir("s", 0755) >= 0 && mkdir("t", 0755) >= 0);
        source_fd = open("s", O_PATH | O_DIRECTORY | O_CLOEXEC);
        target_fd = open("t", O_PATH | O_DIRECTORY | O_CLOEXEC);
        (void) umask(022);
        (void) alarm(TEST_SECONDS);
        return true;
}

CopyRequest request(const char *source, const char *target) {
        return (CopyRequest) {
                .source_fd = source_fd, .source = source,
                .target_fd = target_fd, .target = target,
                .opener = -EBADF };
}

int copy(const char *source, const char *target) {
        CopyRequest q = request(source, target);

        return copy_tree(&q);
}

int copy_replacing(const char *source, const char *target) {
        CopyRequest q = request(source, target);

        q.replaces = true;
        return copy_tree(&q);
}

int copy_disowning(const char *source, const char *target) {
        CopyRequest q = request(source, target);

        q.disowns = true;
        return copy_tree(&q);
}

void make(const char *path, const char *text) {
        CHECK_OK(file_replace(AT_FDCWD, path, 0644, text));
}

void check_text(const char *path, const char *wanted) {
        _cleanup_free_ char *text = NULL;

        CHECK_OK(file_read(path, 1 << 20, &text));
        CHECK_STREQ(text, wanted);
}

struct stat status(const char *path) {
        struct stat st;

        CHECK(path);
        if (lstat(path, &st) < 0)
                fail_msg("%s: %s", path, strerror(errno));
        return st;
}

bool exists(const char *path) {
        struct stat st;

        return lstat(path, &st) >= 0;
}

unsigned count(const char *path) {
        _cleanup_free_ struct dirent **list = NULL;
        int n = scandir(path, &list, NULL, NULL);

        CHECK(n >= 2);
        for (int i = 0; i < n; i++)
                free(list[i]);
        return (unsigned) n - 2;
}
