/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who makes machines inside, with users that were delegated for it, asks the host's services for
 * them: systemd-nsresourced for the users, systemd-mountfsd for their trees. These know whom they
 * talk to by the user namespace that is sent along. */

#include <fcntl.h>

#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/managed.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int show(const Run *run, const char *source, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = mount_clone(AT_FDCWD, source, false);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;

        r = mount_set_attributes(fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_HARMLESS, false);
        if (r >= 0)
                r = mount_set_propagation(fd, MS_PRIVATE);
        if (r >= 0)
                r = guest_write_file(run->run_host_fd, name, 0444, "");

        return r < 0 ? r : guest_attach_at(fd, run->run_host_fd, name);
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        run_set_object(run, RUN_HOST "/" MANAGED_USERS);
        r = show(run, MANAGED_SERVICES "/" MANAGED_USERS, MANAGED_USERS);
        if (r < 0)
                return r;

        run_set_object(run, RUN_HOST "/" MANAGED_MOUNTS);
        return show(run, MANAGED_SERVICES "/" MANAGED_MOUNTS, MANAGED_MOUNTS);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->users_delegated > 0;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs(RUN_HOST "/" MANAGED_USERS ", " RUN_HOST "/" MANAGED_MOUNTS, f);
}

const Step step_show_lenders = {
        .name = "show-lenders",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
