/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sockets that the machine offers to the host: what it puts into /run/host/unix-export
 * is in /run/systemd/nspawn/NAME/unix-export there. A small file system in memory, which
 * the host cannot write to, and in which it follows no links: whoever connects to a name
 * in it reaches the machine, or nothing. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/place.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

#define EXPORT_SIZE "4m"
#define EXPORT_INODES "64"

static void undo_place(void *subject) {
        Run *run = subject;

        (void) place_clear(run->spec->machine, run->place_fd);
        place_remove(run->spec->machine, run->place_fd);
        closep(&run->place_fd);
        run->place_fd = -EBADF;
}

static int apply_place(void *subject) {
        Run *run = subject;
        int r;

        run->place_fd = place_take(run->spec->machine);
        if (run->place_fd < 0)
                return run->place_fd;

        r = place_clear(run->spec->machine, run->place_fd);
        if (r < 0)
                undo_place(run);

        return MIN(r, 0);
}

static void explain_place(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fprintf(f, PLACES "/%s", run->spec->machine);
}

const Step step_place = {
        .name = "place",
        .stage = STAGE_HOST,
        .apply = apply_place,
        .undo = undo_place,
        .explain = explain_place,
};

/* The machine's root owns it. */
static int make(const Run *run) {
        char owner[16];
        const char *const options[] = {
                "mode", "0755", "size", EXPORT_SIZE, "nr_inodes", EXPORT_INODES,
                "uid", owner, "gid", owner, NULL,
        };

        (void) snprintf(owner, sizeof(owner), "%u", run_has_users(run) ? run->range->base : 0);
        return guest_mount_new(run, "tmpfs", options, MOUNT_ATTR_HARMLESS | MOUNT_ATTR_NOSYMFOLLOW);
}

/* What is detached cannot be cloned on older kernels: the host's end comes first. */
static int attach(Run *run) {
        _cleanup_close_ int fd = -EBADF, target_fd = -EBADF;
        int r;

        fd = make(run);
        if (fd < 0)
                return fd;

        if (mkdirat(run->place_fd, PLACE_EXPORT, 0755) < 0)
                return -errno;

        target_fd = openat(run->place_fd, PLACE_EXPORT, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (target_fd < 0)
                return -errno;

        r = mount_attach(fd, target_fd);
        if (r < 0)
                return r;

        run->export_fd = mount_clone(fd, "", false);
        if (run->export_fd < 0)
                return run->export_fd;

        r = mount_set_propagation(run->export_fd, MS_PRIVATE);
        return r < 0 ? r : mount_set_attributes(fd, MOUNT_ATTR_RDONLY, false);
}

static void undo(void *subject) {
        Run *run = subject;

        (void) place_clear(run->spec->machine, run->place_fd);
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = attach(run);
        if (r < 0)
                undo(run);

        return r;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fprintf(f, PLACES "/%s/" PLACE_EXPORT ", read-only", run->spec->machine);
}

const Step step_export = {
        .name = "export",
        .stage = STAGE_HOST,
        .apply = apply,
        .undo = undo,
        .explain = explain,
};

static int apply_show(void *subject) {
        Run *run = subject;
        int r;

        r = guest_make_directory(run->run_host_fd, PLACE_EXPORT, 0755);
        return r < 0 ? r : guest_attach_at(run->export_fd, run->run_host_fd, PLACE_EXPORT);
}

static void explain_show(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs(RUN_HOST "/" PLACE_EXPORT, f);
}

const Step step_show_export = {
        .name = "show-export",
        .stage = STAGE_OUTER,
        .apply = apply_show,
        .explain = explain_show,
};
