/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A scope from systemd for a machine that is not registered: where systemd runs
 * the host nobody else may make control groups in its tree. */

#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/scope/scope-systemd.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"
#include "runtime/wishes.h"

typedef struct Wait {
        bool done;
        int result;
} Wait;

static void on_scope(void *userdata, int result) {
        Wait *wait = userdata;

        *wait = (Wait) { .done = true, .result = result };
}

static int wait_for(sd_bus *bus, const Wait *wait) {
        int r;

        while (!wait->done) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, USEC_INFINITY);
                if (r < 0)
                        return r;
        }

        return wait->result;
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(properties_done) Properties wishes = {};
        _cleanup_(scope_backend_freep) ScopeBackend *backend = NULL;
        _cleanup_free_ char *unit = NULL, *description = NULL;
        Wait wait = {};
        int r;

        if (run->cgroup)
                return 0; /* born where it will stay */

        r = machine_scope_name(run->spec->machine, &unit);
        if (r < 0)
                return r;

        r = text_printf(&description, "Container %s", run->spec->machine);
        if (r < 0)
                return r;

        r = sd_bus_open_system(&bus);
        if (r < 0)
                return r;

        r = scope_systemd_new(bus, &backend);
        if (r < 0)
                return r;

        r = wishes_new(run->spec, false, &wishes);
        if (r < 0)
                return r;

        r = backend->ops->start_scope(backend, &(ScopeRequest) {
                .unit = unit,
                .description = description,
                .leader = run->leader,
                .leader_fd = run->leader_pidfd,
                .properties = &wishes,
        }, on_scope, &wait);
        if (r < 0)
                return r;

        return wait_for(bus, &wait);
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
