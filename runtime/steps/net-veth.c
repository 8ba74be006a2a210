/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The link between host and guest, ve-NAME and host0, where no berthd makes it:
 * the pair alone, addresses are left to whoever configures networks here. */

#include <stdio.h>

#include "lib/base/ifname.h"
#include "runtime/late.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = late_load(run);
        return r < 0 ? r : run->late->make_veth(run);
}

static void undo(void *subject) {
        Run *run = subject;

        run->late->remove_veth(run);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->network_veth && !run_is_registered(run);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;
        char name[IFNAME_SIZE];

        (void) ifname_derive("ve-", run->spec->machine, name);
        (void) fprintf(f, "%s, " IFNAME_GUEST, name);
}

const Step step_net_veth = {
        .name = "net-veth",
        .stage = STAGE_LEADER,
        .wanted = wanted,
        .apply = apply,
        .undo = undo,
        .explain = explain,
};
