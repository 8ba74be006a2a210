/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>

#include "daemon/bus/bus-error.h"
#include "daemon/bus/pending.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"

int pending_new(sd_bus_message *msg, Pending **ret, const char *format, ...) {
        Pending *p;
        va_list ap;
        int n;

        assert(msg);
        assert(ret);

        p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;

        va_start(ap, format);
        n = vasprintf(&p->what, format, ap);
        va_end(ap);
        if (n < 0) {
                free(p);
                return -ENOMEM;
        }

        p->msg = sd_bus_message_ref(msg);
        *ret = p;
        return 0;
}

Pending *pending_free(Pending *p) {
        if (!p)
                return NULL;

        sd_bus_message_unref(p->msg);
        free(p->what);
        free(p);
        return NULL;
}

void pending_fail(Pending *p, int error, const char *where) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;

        if (where)
                (void) bus_error(&e, error, "%s: step %s", p->what, where);
        else
                (void) bus_error(&e, error, "%s", p->what);

        (void) log_notice("%s", e.message);
        (void) sd_bus_reply_method_error(p->msg, &e);
        (void) pending_free(p);
}

void pending_reply(void *userdata, int result) {
        Pending *p = userdata;

        if (result < 0) {
                pending_fail(p, result, NULL);
                return;
        }

        (void) sd_bus_reply_method_return(p->msg, NULL);
        (void) pending_free(p);
}

void pending_send(Pending *p, sd_bus_message *reply) {
        (void) sd_bus_send(sd_bus_message_get_bus(p->msg), reply, NULL);
        (void) pending_free(p);
}
