/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clocks of the machine's own, in a time namespace: those that count from the
 * host's start. Nobody is born into it by clone(); it is for our children, and
 * we stay outside. Its offsets are settled once somebody is in it. */

#include <sched.h>
#include <stdio.h>

#include "lib/base/fault.h"
#include "lib/base/file.h"
#include "lib/spec/clocks.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;

        if (fault_skips("namespace", "time"))
                return 0;
        if (unshare(CLONE_NEWTIME) < 0)
                return -errno;

        f = open_memstream(&text, &size);
        if (!f)
                return -errno;

        spec_describe_clocks(run->spec, "\n", f);
        if (fclose(f) != 0)
                return -ENOMEM;

        return file_write("/proc/self/timens_offsets", text);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        for (SpecClock c = 0; c < _SPEC_CLOCK_MAX; c++)
                if (run->spec->time_offsets[c].set)
                        return true;

        return false;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        spec_describe_clocks(run->spec, ", ", f);
}

const Step step_clocks = {
        .name = "clocks",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
