/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A scope from systemd for a machine that is not registered: where systemd runs
 * the host nobody else may make control groups in its tree. */

#include <stdio.h>

#include "lib/base/name.h"
#include "runtime/late.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        Run *run = subject;
        int r;

        if (run->cgroup)
                return 0; /* born where it will stay */

        r = late_load(run);
        return r < 0 ? r : run->late->start_scope(run);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return !run_is_registered(run) && !run->spec->keep_unit;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;
        _cleanup_free_ char *unit = NULL;

        if (machine_scope_name(run->spec->machine, &unit) >= 0)
                (void) fprintf(f, "%s, where systemd runs the host", unit);
        if (run->spec->slice)
                (void) fprintf(f, ", Slice=%s", run->spec->slice);
        for (char **p = run->spec->properties; p && *p; p++)
                (void) fprintf(f, ", %s", *p);
}

const Step step_scope = {
        .name = "scope",
        .stage = STAGE_LEADER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
