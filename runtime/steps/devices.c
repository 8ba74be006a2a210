/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which devices the guest may make and use: those that every program expects, and
 * what is bound into it. A unit's or a scope's own policy is left alone: it is as its
 * administrator wants it. Where we may set none (in a container, usually) there
 * may be one above; the leader looks whether there is: see the step verify-tree. */

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/kernel/cgroup.h"
#include "lib/kernel/device-policy.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static const DeviceRule default_table[] = {
        { false, 1, 3, DEVICE_ALL },                    /* null */
        { false, 1, 5, DEVICE_ALL },                    /* zero */
        { false, 1, 7, DEVICE_ALL },                    /* full */
        { false, 1, 8, DEVICE_ALL },                    /* random */
        { false, 1, 9, DEVICE_ALL },                    /* urandom */
        { false, 5, 0, DEVICE_ALL },                    /* tty */
        { false, 5, 2, DEVICE_ALL },                    /* ptmx */
        { false, 10, 200, DEVICE_ALL },                 /* net/tun */
        { true, 0, 0, DEVICE_MAKE },                    /* none: /run/host/inaccessible */
        { false, 0, 0, DEVICE_MAKE },
};

/* pts/…, which the kernel deals out among eight numbers. */
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143

static size_t add_bound(const Run *run, DeviceRule *rules, size_t n) {
        for (size_t i = 0; i < run->n_source_fds && n < DEVICE_RULES_MAX; i++) {
                struct stat st;

                if (run->source_fds[i] < 0 || fstat(run->source_fds[i], &st) < 0 ||
                    (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)))
                        continue;

                rules[n++] = (DeviceRule) {
                        .block = S_ISBLK(st.st_mode),
                        .major = major(st.st_rdev),
                        .minor = (int) minor(st.st_rdev),
                        .access = run->spec->mounts[i].read_only ? DEVICE_READ : DEVICE_ALL,
                };
        }

        return n;
}

static size_t make_rules(const Run *run, DeviceRule rules[static DEVICE_RULES_MAX]) {
        size_t n = 0;

        for (; n < ELEMENTSOF(default_table); n++)
                rules[n] = default_table[n];
        for (unsigned major = PTS_MAJOR_FIRST; major <= PTS_MAJOR_LAST; major++)
                rules[n++] = (DeviceRule) { false, major, DEVICE_MINOR_ANY, DEVICE_USE };

        return add_bound(run, rules, n);
}

/* Of the group, or of the unit that it is a part of. */
static int has_policy(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *unit = NULL;
        int r;

        r = cgroup_unit_path(path, &unit);
        if (r == -ENXIO)
                return 0;
        if (r < 0)
                return r;

        fd = cgroup_open(unit);
        return fd < 0 ? fd : device_policy_find(fd);
}

static int attach(const Run *run) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *path = NULL;
        DeviceRule rules[DEVICE_RULES_MAX];
        int r;

        r = cgroup_of_process(run->leader, &path);
        if (r < 0)
                return r;

        r = has_policy(path);
        if (r != 0)
                return r < 0 ? r : 0;

        fd = cgroup_open(path);
        if (fd < 0)
                return fd;

        return device_policy_attach(fd, rules, make_rules(run, rules));
}

static int apply(void *subject) {
        int r;

        r = attach(subject);

        /* Not ours to set, or nothing to set it with. */
        return r == -EPERM || r == -EACCES || r == -ENOSYS || r == -EINVAL || r == -ENODATA ? 0 : r;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("the usual ones, and those bound, if the unit has no policy", f);
}

const Step step_devices = {
        .name = "devices",
        .stage = STAGE_LEADER,
        .apply = apply,
        .explain = explain,
};
