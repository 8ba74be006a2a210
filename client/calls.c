/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>

#include "client/calls.h"
#include "lib/bus/connect.h"

/* dbus-daemon's own limit for a peer is 128. */
#define WINDOW_MAX 64

typedef struct Call {
        Calls *calls;
        sd_bus_message *message;
        CallHandler handler;
        void *userdata;
        struct Call *next;
} Call;

struct Calls {
        sd_bus *bus;
        Call *first, **last;    /* those that are to be sent */
        size_t n_open;          /* those that were, and not answered */
        int error;              /* of a handler */
};

int calls_new(sd_bus *bus, Calls **ret) {
        Calls *calls;

        assert(bus);
        assert(ret);

        calls = calloc(1, sizeof(*calls));
        if (!calls)
                return -ENOMEM;

        calls->bus = sd_bus_ref(bus);
        calls->last = &calls->first;
        *ret = calls;
        return 0;
}

static void call_free(Call *call) {
        (void) sd_bus_message_unref(call->message);
        free(call);
}

Calls *calls_free(Calls *calls) {
        if (!calls)
                return NULL;

        for (Call *call = calls->first, *next; call; call = next) {
                next = call->next;
                call_free(call);
        }

        (void) sd_bus_unref(calls->bus);
        free(calls);
        return NULL;
}

int calls_add(
                Calls *calls,
                const char *path,
                const char *interface,
                const char *member,
                CallHandler handler,
                void *userdata,
                const char *types,
                ...) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Call *call;
        va_list ap;
        int r;

        assert(calls);
        assert(handler);

        r = sd_bus_message_new_method_call(calls->bus, &m, MACHINE1_NAME, path, interface, member);
        if (r < 0)
                return r;

        if (types) {
                va_start(ap, types);
                r = sd_bus_message_appendv(m, types, ap);
                va_end(ap);
                if (r < 0)
                        return r;
        }

        call = malloc(sizeof(*call));
        if (!call)
                return -ENOMEM;

        *call = (Call) { calls, TAKE_PTR(m), handler, userdata, NULL };
        *calls->last = call;
        calls->last = &call->next;
        return 0;
}

static void handle(Call *call, sd_bus_message *reply, const sd_bus_error *e) {
        int r;

        /* After one has failed the others are only waited for. */
        if (call->calls->error >= 0) {
                r = call->handler(call->calls, e ? NULL : reply, e, call->userdata);
                if (r < 0)
                        call->calls->error = r;
        }

        call_free(call);
}

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        Call *call = userdata;

        call->calls->n_open--;
        handle(call, reply, sd_bus_message_get_error(reply));
        return 1;
}

static int send_some(Calls *calls) {
        Call *call;
        int r;

        while (calls->n_open < WINDOW_MAX && calls->first) {
                call = calls->first;
                calls->first = call->next;
                if (!calls->first)
                        calls->last = &calls->first;

                if (calls->error < 0) {
                        call_free(call);
                        continue;
                }

                r = sd_bus_call_async(calls->bus, NULL, call->message, on_reply, call, UINT64_MAX);
                if (r < 0) {
                        call_free(call);
                        return r;
                }

                calls->n_open++;
        }

        return 0;
}

int calls_run(Calls *calls) {
        int r;

        assert(calls);

        for (;;) {
                r = send_some(calls);
                if (r < 0)
                        return r;
                if (calls->n_open == 0)
                        return calls->error;

                r = sd_bus_process(calls->bus, NULL);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;

                r = sd_bus_wait(calls->bus, UINT64_MAX);
                if (r < 0)
                        return r;
        }
}
