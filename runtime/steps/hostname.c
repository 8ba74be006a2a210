/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        Run *run = subject;

        return sethostname(run->spec->hostname, strlen(run->spec->hostname)) < 0 ? -errno : 0;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->hostname, f);
}

const Step step_hostname = {
        .name = "hostname",
        .stage = STAGE_OWN,
        .apply = apply,
        .explain = explain,
};
