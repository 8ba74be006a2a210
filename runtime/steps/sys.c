/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /sys: read-only, which is how the Container Interface tells the guest that
 * the hardware is not its business. With a network of its own the guest gets
 * only the parts that network software looks at. */

#include <fcntl.h>

#include "lib/base/fault.h"
#include "lib/kernel/label.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* Where all of sysfs is, so that parts of it can be cloned: a mount must be attached for that (before
 * Linux 6.15). It is over the host's own, and goes with the rest of the host's tree. To drop it by itself
 * would wait for all processors. */
#define WHOLE "/sys"

#define READ_ONLY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_HARMLESS)

static const char *const part_table[] = { "block", "bus", "class", "dev", "devices", "kernel" };

static bool in_parts(const void *subject) {
        const Run *run = subject;

        return run->spec->private_network;
}

static bool whole(const void *subject) {
        return !in_parts(subject);
}

/* The host's, where the kernel uses SELinux. That it is read-only tells the guest's programs that labels
 * are not their business. A clone of the host's mount, as no guest's root may make one; what is read-only
 * in that when a leader with users of its own is born stays so for good, see seal-host. */
static int show_selinux(Run *run) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!label_is_supported(LABEL_SELINUX))
                return 0;

        run_set_object(run, GUEST_SELINUX);
        if (in_parts(run)) {
                r = guest_make_directory(run->sys_fd, "fs/selinux", 0755);
                if (r < 0)
                        return r;
        }

        fd = mount_clone(AT_FDCWD, GUEST_SELINUX, false);
        if (fd < 0)
                return fd;

        r = fault_skips("read-only", GUEST_SELINUX) ? 0 : mount_set_attributes(fd, READ_ONLY, false);
        return r < 0 ? r : guest_attach_at(fd, run->sys_fd, "fs/selinux");
}

static int mount_whole(Run *run, int target_fd) {
        int r;

        run->sys_fd = mount_new("sysfs", NULL, READ_ONLY);
        if (run->sys_fd < 0)
                return run->sys_fd;

        r = mount_attach(run->sys_fd, target_fd);
        return r < 0 ? r : show_selinux(run);
}

static int show_part(Run *run, int whole_fd, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        run_set_object(run, "/sys/%s", name);
        fd = mount_clone(whole_fd, name, false);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;

        r = guest_make_directory(run->sys_fd, name, 0755);
        if (r < 0)
                return r;

        return guest_attach_at(fd, run->sys_fd, name);
}

static int make_mount_points(Run *run) {
        static const char *const names[] = { "fs", "fs/cgroup", "fs/bpf", "fs/fuse" };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                run_set_object(run, "/sys/%s", names[i]);
                r = guest_make_directory(run->sys_fd, names[i], 0755);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int attach_whole(int whole_fd) {
        _cleanup_close_ int target_fd = -EBADF;

        target_fd = open(WHOLE, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return target_fd < 0 ? -errno : mount_attach(whole_fd, target_fd);
}

static int mount_parts(Run *run, int target_fd) {
        static const char *const options[] = { "mode", "0555", "size", "4m", "nr_inodes", "1k", NULL };
        _cleanup_close_ int whole_fd = -EBADF;
        int r;

        run->sys_fd = guest_mount_new(run, "tmpfs", options, MOUNT_ATTR_HARMLESS);
        if (run->sys_fd < 0)
                return run->sys_fd;

        r = mount_attach(run->sys_fd, target_fd);
        if (r < 0)
                return r;

        r = make_mount_points(run);
        if (r < 0)
                return r;

        r = show_selinux(run); /* before all of sysfs lies over it */
        if (r < 0)
                return r;

        run_set_object(run, WHOLE);
        whole_fd = mount_new("sysfs", NULL, READ_ONLY);
        if (whole_fd < 0)
                return whole_fd;

        r = attach_whole(whole_fd);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(part_table); i++) {
                r = show_part(run, whole_fd, part_table[i]);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_close_ int target_fd = -EBADF;

        run_set_object(run, "/sys");
        target_fd = guest_open_top(run, "sys");
        if (target_fd < 0)
                return target_fd;

        return in_parts(run) ? mount_parts(run, target_fd) : mount_whole(run, target_fd);
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/sys", f);
}

/* The host's, as the network is: only the host's root may mount it. */
const Step step_sys = {
        .name = "sys",
        .stage = STAGE_OUTER,
        .wanted = whole,
        .apply = apply,
        .explain = explain,
};

const Step step_sys_parts = {
        .name = "sys-parts",
        .stage = STAGE_OWN,
        .wanted = in_parts,
        .apply = apply,
        .explain = explain,
};
