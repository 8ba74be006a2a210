/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/life.h"
#include "lib/base/errors.h"
#include "lib/scope/limit.h"
#include "lib/scope/property-bus.h"

/* What systemd gives its units, too. */
#define STOP_USEC (90 * USEC_PER_SEC)

static int read_stop_option(
                sd_bus_message *msg,
                const char *key,
                OperationRequest *q,
                bool *force,
                sd_bus_error *reterr) {

        int r, b;

        if (streq(key, "timeout-usec"))
                return sd_bus_message_read(msg, "v", "t", &q->timeout_usec);
        if (!streq(key, "force"))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown option '%s'", key);

        r = sd_bus_message_read(msg, "v", "b", &b);
        if (r >= 0)
                *force = b;
        return r;
}

int bus_read_stop(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        bool force = false;
        const char *key;
        int r;

        q->timeout_usec = STOP_USEC;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = sd_bus_message_read(msg, "s", &key);
                if (r >= 0)
                        r = read_stop_option(msg, key, q, &force, reterr);
                if (r == -ENXIO)
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "Option '%s' is of another type", key);
                if (r >= 0)
                        r = sd_bus_message_exit_container(msg);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        if (force)
                q->timeout_usec = 0;
        return sd_bus_message_exit_container(msg);
}

int bus_read_limits(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        int r, runtime;

        r = sd_bus_message_read(msg, "b", &runtime);
        if (r >= 0)
                r = properties_read(msg, &q->limits);
        if (r < 0)
                return r;

        q->runtime = runtime;
        for (size_t i = 0; i < q->limits.n; i++) {
                const char *name = q->limits.list[i].name;

                r = limit_check(&q->limits.list[i]);
                if (r == -E_UNKNOWN_PROPERTY)
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_UNKNOWN_PROPERTY,
                                                 "Unknown property '%s'", name);
                if (r < 0)
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "Property '%s' is of another type", name);
        }

        return 0;
}

int bus_write_end(sd_bus_message *reply, const OperationAnswer *answer) {
        return sd_bus_message_append(reply, "s", answer->was_killed ? "killed" : "exited");
}
