/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A fresh /tmp, unless the image has put something there already. */

#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        static const char *const options[] = { "mode", "1777", "size", "10%", "nr_inodes", "400k", NULL };
        Run *run = subject;
        _cleanup_close_ int target_fd = -EBADF, fd = -EBADF;

        target_fd = guest_open_top(run, "tmp");
        if (target_fd == -ENOTDIR)
                return 0; /* a symbolic link: where it leads is the image's business */
        if (target_fd < 0)
                return target_fd;
        if (mount_is_root(target_fd))
                return 0;

        fd = guest_mount_new(run, "tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (fd < 0)
                return fd;

        return mount_attach(fd, target_fd);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return !run->spec->tmp_of_tree;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/tmp", f);
}

const Step step_tmp = {
        .name = "tmp",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
