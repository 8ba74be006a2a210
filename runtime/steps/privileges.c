/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the payload may do and use: its user, resource limits, capabilities. */

#include <sys/prctl.h>

#include "lib/base/fault.h"
#include "lib/base/file.h"
#include "lib/kernel/clone.h"
#include "lib/kernel/limits.h"
#include "lib/kernel/privileges.h"
#include "lib/spec/capability.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply_user(void *subject) {
        Run *run = subject;

        return user_find(run->root_fd, run->spec->user ?: "root", &run->user);
}

static void explain_user(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->user ?: "root", f);
}

const Step step_user = {
        .name = "user",
        .stage = STAGE_HOST,
        .apply = apply_user,
        .explain = explain_user,
};

static int apply_limits(void *subject) {
        const Run *run = subject;
        uint64_t keep = 0;

        /* Those that were asked for are there already: see the step schedule. */
        for (int i = 0; i < SPEC_RLIMITS_MAX; i++)
                if (run->spec->rlimits[i].set)
                        keep |= UINT64_C(1) << i;

        return limits_reset(keep);
}

static bool has_users(const void *subject) {
        return run_has_users(subject);
}

static bool has_no_users(const void *subject) {
        return !run_has_users(subject);
}

/* The builder's, which the leader inherits. */
const Step step_limits_early = {
        .name = "limits-early",
        .stage = STAGE_OUTER,
        .wanted = has_users,
        .apply = apply_limits,
};

const Step step_limits = {
        .name = "limits",
        .stage = STAGE_INNER,
        .wanted = has_no_users,
        .apply = apply_limits,
};

/* What the leader goes on with: the filter is yet to be loaded. */
static uint64_t capabilities_to_hold(const Run *run) {
        uint64_t hold = run_capabilities(run);

        if (run->filter.n_instructions > 0 && !run->spec->no_new_privileges)
                hold |= CAPABILITY_BIT(CAP_SYS_ADMIN);

        return hold;
}

/* Who has logged in on the host and started us, the guest's own logins could not change without
 * CAP_AUDIT_CONTROL, and would fail. What was never set can be. */
static void forget_login(void) {
        (void) file_write("/proc/self/loginuid", "4294967295");
}

static int apply(void *subject) {
        Run *run = subject;
        uint64_t keep = run_bounding(run), hold = capabilities_to_hold(run);
        int r;

        forget_login();

        /* Limiting the set needs one capability, changing the user two more. */
        r = fault_skips("privileges", "bound") ? 0 : privileges_bound(keep);
        if (r < 0)
                return r;

        if (prctl(PR_SET_KEEPCAPS, hold != 0, 0, 0, 0) < 0)
                return -errno;

        r = user_become(&run->user);
        if (r < 0)
                return r;

        r = privileges_hold(hold, run->spec->ambient_capabilities);
        if (r < 0)
                return r;

        /* Changing either has taken it away. */
        r = process_protect();
        if (r < 0)
                return r;

        if (!run->spec->no_new_privileges || fault_skips("privileges", "no-new"))
                return 0;

        return privileges_forbid_new();
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;
        uint64_t keep = run_bounding(run);
        const char *space = "";

        for (unsigned i = 0; i < 64; i++) {
                const char *name = capability_name(i);

                if (!name || !(keep & CAPABILITY_BIT(i)))
                        continue;

                (void) fprintf(f, "%s%s%s", space, name + strlen("cap_"),
                               run->spec->ambient_capabilities & CAPABILITY_BIT(i) ? " (ambient)" : "");
                space = " ";
        }

        if (run->spec->no_new_privileges)
                (void) fprintf(f, "%sand no new ones", space);
}

const Step step_privileges = {
        .name = "privileges",
        .stage = STAGE_INNER,
        .apply = apply,
        .explain = explain,
};
