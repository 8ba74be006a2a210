/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/kernel/clone.h"
#include "lib/kernel/fsids.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/userns.h"
#include "runtime/overlay-users.h"
#include "runtime/overlay.h"
#include "runtime/owners.h"
#include "runtime/sync.h"

/* Where layers are attached in a mount namespace that nobody else sees: older kernels
 * take no others. Every host has it, and no layer is looked up below it afterwards. */
#define PLACE "/usr"

bool overlay_users_wanted(const Run *run) {
        UsersOwnership ownership = spec_ownership(run->spec);

        return run_has_users(run) && run->spec->private_users != USERS_IDENTITY &&
               (ownership == OWNERSHIP_MAP || ownership == OWNERSHIP_AUTO || ownership == OWNERSHIP_FOREIGN);
}

static int path_of(int fd, char ret[static PATH_MAX]) {
        char link[FD_PATH_MAX];
        ssize_t n;

        n = readlink(fd_path(fd, link), ret, PATH_MAX - 1);
        if (n < 0)
                return -errno;

        ret[n] = '\0';
        return *ret == '/' ? 0 : -ENOENT;
}

/* The same directory, in our own mount namespace. */
static int open_again(int fd, const char *path) {
        _cleanup_close_ int again = -EBADF;
        struct stat was, is;

        again = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (again < 0 || fstat(fd, &was) < 0 || fstat(again, &is) < 0)
                return -errno;
        if (was.st_dev != is.st_dev || was.st_ino != is.st_ino)
                return -ESTALE;

        return TAKE_FD(again);
}

/* Shows a directory with those users of @like_fd's block as the machine's. */
static int map_directory(const Run *run, int directory_fd, int like_fd) {
        _cleanup_close_ int fd = -EBADF;
        uint32_t block;
        struct stat st;
        int r;

        if (fstat(like_fd, &st) < 0)
                return -errno;

        fd = mount_clone(directory_fd, "", false);
        if (fd < 0)
                return fd;

        block = st.st_uid & ~(USERS_BLOCK - 1);
        r = mount_set_propagation(fd, MS_PRIVATE);
        if (r >= 0 && block != run->range->base)
                r = owners_map_range(run, fd, block);

        return r < 0 ? r : TAKE_FD(fd);
}

static int map_lower(const Run *run, int lower_fd) {
        _cleanup_close_ int fd = -EBADF;
        char path[PATH_MAX];
        int r;

        r = path_of(lower_fd, path);
        if (r < 0)
                return r;

        fd = open_again(lower_fd, path);
        return fd < 0 ? fd : map_directory(run, fd, fd);
}

/* Both of one mount, as the kernel wants it. */
static int map_upper(
                const Run *run,
                int upper_fd,
                int work_fd,
                int *ret_upper,
                int *ret_work) {

        _cleanup_close_ int parent_fd = -EBADF, fd = -EBADF;
        char upper[PATH_MAX], work[PATH_MAX], *upper_base, *work_base;
        int r;

        r = path_of(upper_fd, upper);
        if (r >= 0)
                r = path_of(work_fd, work);
        if (r < 0)
                return r;

        upper_base = strrchr(upper, '/');
        work_base = strrchr(work, '/');
        *upper_base++ = *work_base++ = '\0';

        parent_fd = open(*upper ? upper : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent_fd < 0)
                return -errno;

        fd = map_directory(run, parent_fd, upper_fd);
        if (fd < 0)
                return fd;

        *ret_upper = openat(fd, upper_base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        *ret_work = openat(fd, work_base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return *ret_upper < 0 || *ret_work < 0 ? -errno : TAKE_FD(fd);
}

/* Users that are lent write to no overlay but of their own user namespace, which is of who begins it and
 * who ends that. There is no way back. */
static int enter_users(const Run *run) {
        int r;

        if (run->range->users_fd < 0)
                return 0;

        r = userns_enter(run->range->users_fd);
        if (r < 0)
                return r;

        return unshare(CLONE_NEWNS) < 0 ? -errno : 0;
}

static int attach_layers(const int *layers, size_t n) {
        _cleanup_close_ int place_fd = -EBADF;
        int r = 0;

        place_fd = open(PLACE, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (place_fd < 0)
                return -errno;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = mount_attach(layers[i], place_fd);

        return r;
}

/* In a process of its own, whose descriptors go with it. */
static int lay(const Run *run, const int *lower_fds, size_t n_lower, int upper_fd, int work_fd) {
        int host_fd, upper = -EBADF, work = -EBADF, *layers, r;
        size_t n = 0;

        host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        layers = calloc(n_lower + 1, sizeof(int));
        if (host_fd < 0 || !layers)
                return -errno;

        r = mount_set_propagation(host_fd, MS_SLAVE);
        for (; r >= 0 && n < n_lower; n++)
                r = layers[n] = map_lower(run, lower_fds[n]);
        if (r >= 0 && upper_fd >= 0)
                r = layers[n++] = map_upper(run, upper_fd, work_fd, &upper, &work);

        /* Who mounts it is who writes to the upper one. */
        if (r >= 0)
                r = fsids_lend(run->range->base, run->range->base);
        if (r >= 0)
                r = enter_users(run);
        if (r >= 0)
                r = attach_layers(layers, n);

        return r < 0 ? r : overlay_new(run->range->users_fd >= 0, layers, n_lower, upper, work);
}

int overlay_new_mapped(const Run *run, const int *lower_fds, size_t n_lower, int upper_fd, int work_fd) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF, pidfd = -EBADF;
        SyncMessage message = { .point = SYNC_FAILED };
        int r, fd = -EBADF;
        siginfo_t si;
        pid_t pid;

        r = sync_pair(&ours, &theirs);
        if (r < 0)
                return r;

        pid = process_clone(CLONE_NEWNS, -EBADF, &pidfd);
        if (pid < 0)
                return pid;
        if (pid == 0) {
                (void) process_protect();
                fd = lay(run, lower_fds, n_lower, upper_fd, work_fd);
                message = (SyncMessage) { .point = fd < 0 ? SYNC_FAILED : SYNC_BORN, .error = MIN(fd, 0) };
                _exit(sync_send(theirs, &message, &fd, fd >= 0) < 0);
        }

        (void) close(TAKE_FD(theirs));
        r = sync_receive(ours, true, &message, &fd, 1);
        while (waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED) < 0 && errno == EINTR)
                ;

        if (r <= 0)
                return r < 0 ? r : -E_MACHINE_FAILED;

        return message.point == SYNC_FAILED ? MIN(message.error, -1) : fd;
}
