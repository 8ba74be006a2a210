/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole instances of /proc and /sys, for those who make containers inside. A user namespace may mount
 * one only where one is mounted already of which no part is covered, and of those that the guest has
 * parts are. Nobody need find these: it is enough that they are there. */

#include <fcntl.h>

#include "lib/base/beneath.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int show(Run *run, int directory_fd, const char *type, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        run_set_object(run, "/run/host/" RUN_HOST_NESTING "/%s", name);
        r = guest_make_directory(directory_fd, name, 0555);
        if (r < 0)
                return r;

        fd = guest_mount_at(run, type, NULL, MOUNT_ATTR_HARMLESS, directory_fd, name);
        return MIN(fd, 0);
}

static int apply(void *subject) {
        static const char *const options[] = { "mode", "0700", "size", "4k", "nr_inodes", "4", NULL };
        _cleanup_close_ int target_fd = -EBADF, directory_fd = -EBADF;
        Run *run = subject;
        int r;

        run_set_object(run, "/run/host/" RUN_HOST_NESTING);
        target_fd = beneath_open(run->root_fd, "/run/host/" RUN_HOST_NESTING, O_PATH | O_DIRECTORY, 0);
        if (target_fd < 0)
                return target_fd;

        directory_fd = guest_mount_new(run, "tmpfs", options, MOUNT_ATTR_HARMLESS);
        if (directory_fd < 0)
                return directory_fd;

        r = mount_attach(directory_fd, target_fd);
        if (r < 0)
                return r;

        r = show(run, directory_fd, "proc", "proc");

        /* The host's network has its /sys whole. */
        return r < 0 || !run->spec->private_network ? r : show(run, directory_fd, "sysfs", "sys");
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->nesting;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fprintf(f, "/proc%s, whole, in /run/host/" RUN_HOST_NESTING,
                       run->spec->private_network ? " and /sys" : "");
}

const Step step_nesting = {
        .name = "nesting",
        .stage = STAGE_OWN,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
