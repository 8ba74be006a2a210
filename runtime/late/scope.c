/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/scope/scope-systemd.h"
#include "runtime/late/register.h"
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

int scope_start(Run *run) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(properties_done) Properties wishes = {};
        _cleanup_(scope_backend_freep) ScopeBackend *backend = NULL;
        _cleanup_free_ char *unit = NULL, *description = NULL;
        Wait wait = {};
        int r;

        assert(run);

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
