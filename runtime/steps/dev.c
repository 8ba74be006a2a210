/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A /dev of the guest's own: a tmpfs with the few devices that every program
 * expects, and the file systems that live below it. */

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/kernel/device.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* That of Debian and of most others. */
#define GID_TTY 5

static const struct {
        const char *name, *host;
        unsigned major, minor;
} device_table[] = {
        { "null", "/dev/null", 1, 3 },
        { "zero", "/dev/zero", 1, 5 },
        { "full", "/dev/full", 1, 7 },
        { "random", "/dev/random", 1, 8 },
        { "urandom", "/dev/urandom", 1, 9 },
        { "tty", "/dev/tty", 5, 0 },
};

static const struct {
        const char *name, *target;
} link_table[] = {
        { "fd", "/proc/self/fd" },
        { "stdin", "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" },
        { "stderr", "/proc/self/fd/2" },
        { "core", "/proc/kcore" },
        { "ptmx", "pts/ptmx" },
};

/* A /dev of lent users' own user namespace, in which devices are none. */
static int make_node(const Run *run, const char *name, dev_t number, const char *host) {
        if (run->range->users_fd >= 0)
                return device_bind(run->dev_fd, name, number, host);

        return device_make(run->dev_fd, name, number, host);
}

static int make_nodes(Run *run) {
        int r;

        for (size_t i = 0; i < ELEMENTSOF(device_table); i++) {
                run_set_object(run, "/dev/%s", device_table[i].name);
                r = make_node(run, device_table[i].name,
                              makedev(device_table[i].major, device_table[i].minor), device_table[i].host);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < ELEMENTSOF(link_table); i++) {
                run_set_object(run, "/dev/%s", link_table[i].name);
                if (symlinkat(link_table[i].target, run->dev_fd, link_table[i].name) < 0)
                        return -errno;
        }

        return 0;
}

/* For VPNs inside, where the host has it and the device policy lets us. */
static int make_tun(Run *run) {
        int r;

        if (access("/dev/net/tun", F_OK) < 0)
                return 0;

        run_set_object(run, "/dev/net/tun");
        r = guest_make_directory(run->dev_fd, "net", 0755);
        if (r < 0)
                return r;

        r = make_node(run, "net/tun", makedev(10, 200), "/dev/net/tun");
        return r == -EPERM || r == -ENODEV ? 0 : r;
}

static int mount_below(
                Run *run,
                const char *name,
                const char *type,
                const char *const *options,
                unsigned attributes) {

        int fd, r;

        run_set_object(run, "/dev/%s", name);
        r = guest_make_directory(run->dev_fd, name, 0755);
        if (r < 0)
                return r;

        fd = guest_mount_at(run, type, options, attributes, run->dev_fd, name);
        if (fd < 0)
                return fd;

        (void) close(fd);
        return 0;
}

/* Terminals belong to the group of that name, in the guest. */
static int mount_pts(Run *run) {
        uint32_t base = run_has_users(run) ? run->range->base : 0;
        char gid[sizeof("4294967295")];
        const char *const options[] = { "gid", gid, "mode", "0620", "ptmxmode", "0666", NULL };

        (void) snprintf(gid, sizeof(gid), "%u", base + GID_TTY);
        return mount_below(run, "pts", "devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

static int mount_all_below(Run *run) {
        static const char *const shm[] = { "mode", "1777", "size", "10%", "nr_inodes", "400k", NULL };
        int r;

        r = mount_pts(run);
        if (r < 0)
                return r;

        return mount_below(run, "shm", "tmpfs", shm, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static int apply(void *subject) {
        static const char *const options[] = { "mode", "0755", "size", "4m", "nr_inodes", "64k", NULL };
        Run *run = subject;
        _cleanup_close_ int target_fd = -EBADF;
        int r;

        run_set_object(run, "/dev");
        target_fd = guest_open_top(run, "dev");
        if (target_fd < 0)
                return target_fd;

        run->dev_fd = guest_mount_new(run, "tmpfs", options, MOUNT_ATTR_NOSUID);
        if (run->dev_fd < 0)
                return run->dev_fd;

        r = mount_attach(run->dev_fd, target_fd);
        if (r < 0)
                return r;

        r = make_nodes(run);
        if (r < 0)
                return r;

        r = make_tun(run);
        if (r < 0)
                return r;

        return mount_all_below(run);
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/dev", f);
}

const Step step_dev = {
        .name = "dev",
        .stage = STAGE_OUTER,
        .apply = apply,
        .explain = explain,
};

/* It shows the leader's own IPC namespace. */
static int apply_mqueue(void *subject) {
        return mount_below(subject, "mqueue", "mqueue", NULL, MOUNT_ATTR_HARMLESS);
}

static void explain_mqueue(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/dev/mqueue", f);
}

const Step step_mqueue = {
        .name = "mqueue",
        .stage = STAGE_OWN,
        .apply = apply_mqueue,
        .explain = explain_mqueue,
};
