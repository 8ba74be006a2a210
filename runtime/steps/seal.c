/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The mount tree is complete: what tells of the host becomes immutable, the
 * tree becomes the only one there is. */

#include <fcntl.h>

#include "lib/base/fault.h"
#include "lib/kernel/label.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        Run *run = subject;
        int r;

        run_set_object(run, "/run/host");
        r = mount_set_attributes(run->run_host_fd, MOUNT_ATTR_RDONLY, false);
        if (r < 0)
                return r;

        run_set_object(run, "/sys");
        return mount_set_attributes(run->sys_fd, MOUNT_ATTR_RDONLY, false);
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/sys and /run/host read-only", f);
}

const Step step_seal = {
        .name = "seal",
        .stage = STAGE_INNER,
        .apply = apply,
        .explain = explain,
};

static bool has_users(const void *subject) {
        return run_has_users(subject);
}

/* In our copy of the host's mounts, which the leader's is made from. */
static int seal_selinux(void) {
        _cleanup_close_ int fd = -EBADF;

        if (!label_is_supported(LABEL_SELINUX) || fault_skips("read-only", GUEST_SELINUX))
                return 0;

        fd = open(GUEST_SELINUX, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : mount_set_attributes(fd, MOUNT_ATTR_RDONLY, false);
}

static int apply_early(void *subject) {
        Run *run = subject;
        int r;

        r = mount_set_attributes(run->run_host_fd, MOUNT_ATTR_RDONLY, false);
        return r < 0 ? r : seal_selinux();
}

static void explain_early(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/run/host read-only, for good", f);
}

/* What is read-only when the leader is born, it cannot make writable. */
const Step step_seal_early = {
        .name = "seal-host",
        .stage = STAGE_OUTER,
        .wanted = has_users,
        .apply = apply_early,
        .explain = explain_early,
};

static int apply_pivot(void *subject) {
        Run *run = subject;
        int r;

        r = mount_pivot(run->root_fd);
        if (r < 0)
                return r;

        /* systemd expects mounts to be shared, as it makes them itself on a
         * host. They remain slaves of the host's, where they were. Not earlier:
         * the kernel does not pivot into what is shared. */
        return mount_set_propagation(run->root_fd, MS_SHARED);
}

static void explain_pivot(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("into the tree, which is shared from then on", f);
}

const Step step_pivot = {
        .name = "pivot",
        .stage = STAGE_OWN,
        .apply = apply_pivot,
        .explain = explain_pivot,
};
