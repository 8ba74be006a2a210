/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /run, and in it /run/host, which is how the Container Interface tells the
 * guest about where it is. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        static const char *const options[] = { "mode", "0755", "size", "20%", "nr_inodes", "800k", NULL };
        Run *run = subject;
        _cleanup_close_ int target_fd = -EBADF;

        target_fd = guest_open_top(run, "run");
        if (target_fd < 0)
                return target_fd;

        run->run_fd = guest_mount_new(run, "tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (run->run_fd < 0)
                return run->run_fd;

        return mount_attach(run->run_fd, target_fd);
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/run", f);
}

const Step step_run = {
        .name = "run",
        .stage = STAGE_OUTER,
        .apply = apply,
        .explain = explain,
};

/* One node of each type that nobody can open, to be mounted over what shall
 * not be reached. Where a device policy refuses the devices, there are none. */
static int make_inaccessible(int host_fd) {
        static const struct {
                const char *name;
                mode_t type;
        } nodes[] = {
                { "reg", S_IFREG }, { "fifo", S_IFIFO }, { "sock", S_IFSOCK },
                { "chr", S_IFCHR }, { "blk", S_IFBLK },
        };
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = guest_make_directory(host_fd, "inaccessible", 0755);
        if (r < 0)
                return r;

        fd = openat(host_fd, "inaccessible", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
                bool device = S_ISCHR(nodes[i].type) || S_ISBLK(nodes[i].type);

                if (mknodat(fd, nodes[i].name, nodes[i].type, 0) < 0 && !(device && errno == EPERM))
                        return -errno;
        }

        return guest_make_directory(fd, "dir", 0);
}

static int write_line(int host_fd, const char *name, const char *line) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = text_printf(&text, "%s\n", line);
        if (r < 0)
                return r;

        return guest_write_file(host_fd, name, 0444, text);
}

static int write_identity(const Run *run, int host_fd) {
        char buffer[ID128_UUID_MAX];
        Id128 boot_id;
        int r;

        r = write_line(host_fd, "container-manager", run->spec->manager ?: CONTAINER_MANAGER);
        if (r < 0)
                return r;

        r = write_line(host_fd, "container-uuid", id128_format_uuid(run->uuid, buffer));
        if (r < 0)
                return r;

        r = id128_random(&boot_id);
        if (r < 0)
                return r;

        r = write_line(host_fd, RUN_HOST_BOOT_ID, id128_format_uuid(boot_id, buffer));
        if (r < 0)
                return r;

        if (!run->host_os_release)
                return 0;

        return guest_write_file(host_fd, "os-release", 0444, run->host_os_release);
}

/* What the guest reads as the kernel's log: a pipe in which nothing comes. It
 * would be at its end if nobody had it open for writing. */
static int make_kmsg(Run *run, int host_fd) {
        int fd;

        if (mkfifoat(host_fd, RUN_HOST_KMSG, 0600) < 0)
                return -errno;

        fd = openat(host_fd, RUN_HOST_KMSG, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        run->guest_fds[GUEST_KMSG] = fd;
        return 0;
}

static int apply_host(void *subject) {
        static const char *const options[] = { "mode", "0755", "size", "4m", "nr_inodes", "4k", NULL };
        Run *run = subject;
        int r;

        r = guest_make_directory(run->run_fd, "host", 0755);
        if (r < 0)
                return r;

        run->run_host_fd = guest_mount_at(run, "tmpfs", options, MOUNT_ATTR_HARMLESS, run->run_fd, "host");
        if (run->run_host_fd < 0)
                return run->run_host_fd;

        r = make_inaccessible(run->run_host_fd);
        if (r < 0)
                return r;

        r = run->spec->nesting ? guest_make_directory(run->run_host_fd, RUN_HOST_NESTING, 0755) : 0;
        if (r < 0)
                return r;

        r = make_kmsg(run, run->run_host_fd);
        if (r < 0)
                return r;

        return write_identity(run, run->run_host_fd);
}

static void explain_host(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/run/host", f);
}

const Step step_run_host = {
        .name = "run-host",
        .stage = STAGE_OUTER,
        .apply = apply_host,
        .explain = explain_host,
};
