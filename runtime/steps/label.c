/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What SELinux or AppArmor are to take the payload for. Asking for it where the
 * kernel has no such module is an error, long before there is a leader. */

#include "lib/kernel/label.h"
#include "lib/kernel/mount.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->selinux_context || run->spec->apparmor_profile;
}

/* By the first of many that will be mounted: those would not say whose fault it is. */
static int try_context(Run *run) {
        const char *const options[] = { "context", run->spec->selinux_apifs_context, NULL };
        _cleanup_close_ int fd = -EBADF;

        run_set_object(run, "%s", run->spec->selinux_apifs_context);
        fd = mount_new("tmpfs", options, MOUNT_ATTR_HARMLESS);
        return MIN(fd, 0);
}

static int apply_check(void *subject) {
        Run *run = subject;

        if ((run->spec->selinux_context || run->spec->selinux_apifs_context) &&
            !label_is_supported(LABEL_SELINUX)) {
                run_set_object(run, "SELinux");
                return -EOPNOTSUPP;
        }

        if (run->spec->apparmor_profile && !label_is_supported(LABEL_APPARMOR)) {
                run_set_object(run, "AppArmor");
                return -EOPNOTSUPP;
        }

        return run->spec->selinux_apifs_context ? try_context(run) : 0;
}

static bool wants_modules(const void *subject) {
        const Run *run = subject;

        return wanted(run) || run->spec->selinux_apifs_context;
}

const Step step_label_modules = {
        .name = "label-modules",
        .stage = STAGE_HOST,
        .wanted = wants_modules,
        .apply = apply_check,
};

static int set(Run *run, LabelModule module, const char *label) {
        if (!label)
                return 0;

        run_set_object(run, "%s", label);
        return label_set_exec(run->proc_fd, module, label);
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = set(run, LABEL_SELINUX, run->spec->selinux_context);
        return r < 0 ? r : set(run, LABEL_APPARMOR, run->spec->apparmor_profile);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        if (run->spec->selinux_context)
                (void) fprintf(f, "SELinux context %s", run->spec->selinux_context);
        if (run->spec->apparmor_profile)
                (void) fprintf(f, "%sAppArmor profile %s", run->spec->selinux_context ? ", " : "",
                               run->spec->apparmor_profile);
}

const Step step_label = {
        .name = "label",
        .stage = STAGE_INNER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
