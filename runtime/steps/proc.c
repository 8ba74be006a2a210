/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /proc, with the parts that are the host's read-only, covered, or replaced. */

#include <fcntl.h>

#include "lib/base/fault.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* Covers @name in /proc with a detached mount, read-only, and otherwise as harmless as
 * what it is a copy of. What the kernel does not have needs no cover; anything else that
 * fails is fatal. What is there is asked first: to drop a mount that is attached nowhere
 * waits for all processors (RCU). */
static int cover_with(Run *run, int directory_fd, const char *source, const char *name) {
        _cleanup_close_ int target_fd = -EBADF, fd = -EBADF;
        int r;

        run_set_object(run, "/proc/%s", name);
        if (fault_skips("cover", name))
                return 0;

        target_fd = openat(run->proc_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (target_fd < 0)
                return errno == ENOENT ? 0 : -errno;

        fd = mount_clone(directory_fd, source, false);
        if (fd < 0)
                return fd;

        r = mount_set_attributes(fd, MOUNT_ATTR_RDONLY, false);
        return r < 0 ? r : mount_attach(fd, target_fd);
}

static int make_read_only(Run *run, const char *name) {
        return cover_with(run, run->proc_fd, name, name);
}

/* The settings of a network namespace are the guest's own if that is. */
static int make_sys_read_only(Run *run) {
        _cleanup_close_ int net_fd = -EBADF;
        int r;

        run_set_object(run, "/proc/sys");
        if (run->spec->private_network) {
                net_fd = mount_clone(run->proc_fd, "sys/net", false);
                if (net_fd < 0)
                        return net_fd;
        }

        r = cover_with(run, run->proc_fd, "sys", "sys");
        if (r < 0 || net_fd < 0)
                return r;

        return guest_attach_at(net_fd, run->proc_fd, "sys/net");
}

static int cover_all(Run *run) {
        int r;

        r = make_sys_read_only(run);
        if (r < 0)
                return r;

        for (size_t i = 0; guest_proc_read_only[i]; i++) {
                r = make_read_only(run, guest_proc_read_only[i]);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; guest_proc_masked[i]; i++) {
                r = cover_with(run, run->run_host_fd, "inaccessible/reg", guest_proc_masked[i]);
                if (r < 0)
                        return r;
        }

        r = cover_with(run, run->run_host_fd, RUN_HOST_BOOT_ID, "sys/kernel/random/boot_id");
        if (r < 0)
                return r;

        return cover_with(run, run->run_host_fd, RUN_HOST_KMSG, "kmsg");
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_close_ int target_fd = -EBADF;
        int r;

        run_set_object(run, "/proc");
        target_fd = guest_open_top(run, "proc");
        if (target_fd < 0)
                return target_fd;

        run->proc_fd = mount_new("proc", NULL, MOUNT_ATTR_HARMLESS);
        if (run->proc_fd < 0)
                return run->proc_fd;

        r = mount_attach(run->proc_fd, target_fd);
        if (r < 0)
                return r;

        return cover_all(run);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->private_network ? "/proc, /proc/sys/net writable" : "/proc", f);
}

const Step step_proc = {
        .name = "proc",
        .stage = STAGE_OWN,
        .apply = apply,
        .explain = explain,
};
