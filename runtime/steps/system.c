/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The operating system in the image: is it one, and which is its init? */

#include <fcntl.h>

#include "lib/base/beneath.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static const char *const init_table[] = {
        "/usr/lib/systemd/systemd",
        "/lib/systemd/systemd",
        "/sbin/init",
};

static bool guest_has(const Run *run, const char *path) {
        _cleanup_close_ int fd = -EBADF;

        fd = beneath_open(run->root_fd, path, O_PATH, 0);
        return fd >= 0;
}

static int find_init(Run *run) {
        for (size_t i = 0; i < ELEMENTSOF(init_table); i++) {
                if (!guest_has(run, init_table[i]))
                        continue;

                run->init = strdup(init_table[i]);
                return run->init ? 0 : -ENOMEM;
        }

        run_set_object(run, "/sbin/init");
        return -ENOENT;
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        /* systemd refuses to run on less, and says so where nobody reads it. */
        if (!run->spec->any_system && !guest_has(run, "/etc/os-release") &&
            !guest_has(run, "/usr/lib/os-release")) {
                run_set_object(run, "/etc/os-release");
                return -ENOENT;
        }

        r = find_init(run);
        if (r < 0)
                return r;

        /* Of the others none is known to send READY=1. */
        if (run->spec->notify_ready == NOTIFY_READY_AUTO)
                run->notify_ready = endswith(run->init, "/systemd");
        return 0;
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->mode == START_BOOT;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->any_system ? "with init" : "with os-release and init", f);
}

const Step step_system = {
        .name = "system",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
