/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/kernel/loopback.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->private_network && !run->spec->network_namespace;
}

static int apply(void *subject) {
        (void) subject;
        return loopback_up();
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("lo", f);
}

const Step step_loopback = {
        .name = "loopback",
        .stage = STAGE_OWN,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
