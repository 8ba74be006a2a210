/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* With --as-pid2, the program that is PID 1: opened on the host, and executed from
 * memory, so that the guest gets no hold of a file of the host. */

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/kernel/sealed.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = text_printf(&path, "%s/berth-init", getenv("BERTH_PROGRAMS") ?: BERTH_LIBEXECDIR);
        if (r < 0)
                return r;

        run_set_object(run, "%s", path);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        run->stub_fd = sealed_copy(fd);
        return MIN(run->stub_fd, 0);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->as_pid2;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("berth-init, as PID 1", f);
}

const Step step_stub_init = {
        .name = "stub-init",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
