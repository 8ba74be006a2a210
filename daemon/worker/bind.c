/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Shows something of the host in a guest.
 *
 * The mount is made and prepared where nobody sees it, of what a path of the host
 * means in the host's mount namespace; then it is attached in the guest's, to a
 * descriptor. No path is looked up twice, and none of the guest's outside of it.
 */

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "daemon/worker/jobs.h"
#include "daemon/worker/place.h"
#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/kernel/mount.h"

/* Of the job: its descriptors and arguments. */
enum {
        FD_ROOT,                /* the guest's root directory */
        FD_MOUNTS,              /* and its mount namespace */
};

enum {
        ARG_SOURCE,
        ARG_DESTINATION,
        ARG_READ_ONLY,          /* "read-only", or "" */
        ARG_MKDIR,              /* "mkdir", or "" */
};

static int enter_mounts(int fd) {
        return setns(fd, CLONE_NEWNS) < 0 ? -errno : 0;
}

/* Only mounts of one's own namespace can be cloned, so it has to be that of the
 * root directory that place_open_host() opens. */
static int enter_host(void) {
        _cleanup_close_ int fd = -EBADF;

        fd = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == EACCES || errno == EPERM ? 0 : -errno;

        return enter_mounts(fd);
}

static int prepare(int mount_fd, bool read_only) {
        int r;

        /* What the guest mounts there stays with it. */
        r = mount_set_propagation(mount_fd, MS_SLAVE);
        if (r >= 0 && read_only)
                r = mount_set_attributes(mount_fd, MOUNT_ATTR_RDONLY, /* recursive= */ true);

        return r;
}

static int clone_source(const Job *job, mode_t *ret_mode) {
        _cleanup_close_ int root_fd = -EBADF, source_fd = -EBADF, mount_fd = -EBADF;
        struct stat st;
        int r;

        root_fd = place_open_host();
        if (root_fd < 0)
                return root_fd;

        source_fd = beneath_open(root_fd, job_arg(job, ARG_SOURCE), O_PATH, 0);
        if (source_fd < 0)
                return source_fd;
        if (fstat(source_fd, &st) < 0)
                return -errno;

        r = enter_host();
        if (r < 0)
                return r;

        mount_fd = mount_clone(source_fd, "", /* recursive= */ false);
        if (mount_fd < 0)
                return mount_fd;

        r = prepare(mount_fd, streq(job_arg(job, ARG_READ_ONLY), "read-only"));
        if (r < 0)
                return r;

        *ret_mode = st.st_mode;
        return TAKE_FD(mount_fd);
}

/* The modes are machined's: others get through to it, and not into it. */
static int make_destination(int root_fd, const char *path, mode_t source_mode) {
        _cleanup_close_ int parent_fd = -EBADF, fd = -EBADF;
        _cleanup_(place_done) Place p = { .fd = -EBADF };
        _cleanup_free_ char *parent = NULL;
        int r;

        r = place_name(path, &p);
        if (r < 0)
                return r;

        parent = strndup(p.path, (size_t) (strrchr(p.path, '/') - p.path));
        if (!parent)
                return -ENOMEM;

        parent_fd = beneath_make_directory(root_fd, *parent ? parent : "/", 0755);
        if (parent_fd < 0)
                return parent_fd;

        if (S_ISDIR(source_mode))
                return mkdirat(parent_fd, p.name, 0700) < 0 ? -errno : 0;

        fd = openat(parent_fd, p.name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : 0;
}

static int open_destination(const Job *job, mode_t source_mode) {
        const char *path = job_arg(job, ARG_DESTINATION);
        int root_fd = job->fds[FD_ROOT], fd, r;

        fd = beneath_open(root_fd, path, O_PATH, 0);
        if (fd != -ENOENT || !streq(job_arg(job, ARG_MKDIR), "mkdir"))
                return fd;

        (void) umask(0022);
        r = make_destination(root_fd, path, source_mode);
        if (r < 0)
                return r;

        return beneath_open(root_fd, path, O_PATH, 0);
}

static int bind_mount(const Job *job) {
        _cleanup_close_ int mount_fd = -EBADF, target_fd = -EBADF;
        mode_t mode;
        int r;

        mount_fd = clone_source(job, &mode);
        if (mount_fd < 0)
                return mount_fd;

        r = enter_mounts(job->fds[FD_MOUNTS]);
        if (r < 0)
                return r;

        target_fd = open_destination(job, mode);
        return target_fd < 0 ? target_fd : mount_attach(mount_fd, target_fd);
}

int job_bind(Job *job) {
        int r;

        r = bind_mount(job);
        if (r == -ENOSYS)
                return job_fail(job, -EOPNOTSUPP, "Linux 5.12 or later is needed for that");

        return r < 0 ? job_fail(job, r, "%s on %s: %s", job_arg(job, ARG_SOURCE),
                                job_arg(job, ARG_DESTINATION), error_text(r))
                     : 0;
}
