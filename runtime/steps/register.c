/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes the machine known to berthd, or to whoever else is machine1. Its answer
 * is waited for: by then the leader is in its scope and has its network. That
 * the machine has gone needs no telling: its leader's end is seen. */

#include "runtime/late.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* Is there anybody who could be told? The bus starts berthd if it can. Who may do without
 * does, and makes himself what berthd would have made: so this must be known early. */
static int apply_registrar(void *subject) {
        Run *run = subject;
        int r;

        r = late_load(run);
        if (r < 0)
                return r;

        run->unregistered = run->late->find_registrar() < 0;
        return 0;
}

static bool wants_registrar(const void *subject) {
        const Run *run = subject;

        return run->spec->registration == REGISTER_AUTO;
}

static void explain_registrar(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("berthd; without it the machine is not registered", f);
}

const Step step_registrar = {
        .name = "registrar",
        .stage = STAGE_HOST,
        .wanted = wants_registrar,
        .apply = apply_registrar,
        .explain = explain_registrar,
};

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = late_load(run);
        return r < 0 ? r : run->late->register_machine(run);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run_is_registered(run);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run_register_method(run), f);
        if (run->spec->slice)
                (void) fprintf(f, ", Slice=%s", run->spec->slice);
        for (char **p = run->spec->properties; p && *p; p++)
                (void) fprintf(f, ", %s", *p);
}

const Step step_register = {
        .name = "register",
        .stage = STAGE_LEADER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
