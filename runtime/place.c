/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "runtime/place.h"

/* How often somebody else may remove it between our making it and our holding it. */
#define TRIES_MAX 16

/* That those who hold it are of our kind: systemd-nspawn uses the same directory, and does not lock it. */
#define MARK ".berth"

/* As many as one could pile up by being killed in a row; each start takes all away. */
#define MOUNTS_MAX 64

static int lock(int fd) {
        struct stat st;

        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -E_MACHINE_EXISTS : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;

        return st.st_nlink == 0 ? -EAGAIN : 0; /* its last holder has just removed it */
}

static int mark(int directory_fd) {
        _cleanup_close_ int fd = -EBADF;

        if (faccessat(directory_fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
            faccessat(directory_fd, PLACE_EXPORT, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return -E_MACHINE_EXISTS;

        fd = openat(directory_fd, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : 0;
}

static int try_take(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = directory_make(path, 0755);
        if (r < 0)
                return r;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -EAGAIN : -errno;

        r = lock(fd);
        if (r >= 0)
                r = mark(fd);

        return r < 0 ? r : TAKE_FD(fd);
}

int place_take(const char *machine) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(machine);

        r = text_printf(&path, PLACES "/%s", machine);
        if (r < 0)
                return r;

        r = -EAGAIN;
        for (unsigned i = 0; i < TRIES_MAX && r == -EAGAIN; i++)
                r = try_take(path);

        return r;
}

static int unmount(const char *path) {
        for (unsigned i = 0; i < MOUNTS_MAX; i++)
                if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                        return errno == EINVAL || errno == ENOENT ? 0 : -errno;

        return -EBUSY;
}

int place_clear(const char *machine, int fd) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(machine);
        assert(fd >= 0);

        r = text_printf(&path, PLACES "/%s/" PLACE_EXPORT, machine);
        if (r >= 0)
                r = unmount(path);
        if (r < 0)
                return r;

        (void) unlinkat(fd, PLACE_JOURNAL, 0);
        if (unlinkat(fd, PLACE_EXPORT, AT_REMOVEDIR) < 0)
                return errno == ENOENT ? 0 : -errno;

        return 1;
}

void place_remove(const char *machine, int fd) {
        _cleanup_free_ char *path = NULL;

        assert(machine);
        assert(fd >= 0);

        (void) unlinkat(fd, MARK, 0);
        if (text_printf(&path, PLACES "/%s", machine) >= 0)
                (void) rmdir(path);
}
