/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "client/client.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static int connect_by(Client *client, int (*connect)(sd_bus **ret)) {
        int r;

        assert(client);

        if (client->bus)
                return 0;

        r = connect(&client->bus);
        return r < 0 ? log_error(r, _("Cannot reach berthd")) : 0;
}

int client_connect(Client *client) {
        return connect_by(client, bus_connect);
}

int client_connect_shortly(Client *client) {
        return connect_by(client, bus_connect_shortly);
}

int client_new_event(sd_event **ret) {
        static const int signals[] = { SIGINT, SIGTERM };
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        sigset_t mask;
        int r;

        assert(ret);

        (void) sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaddset(&mask, signals[i]);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);

        r = sd_event_new(&event);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = sd_event_add_signal(event, NULL, signals[i], NULL, NULL);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(event);
        return 0;
}

int client_print_json(Client *client, json_t *json) {
        size_t flags = client->options.format == OUTPUT_JSON_PRETTY ? JSON_INDENT(8) : JSON_COMPACT;
        int r;

        r = json_dumpf(json, stdout, flags | JSON_ENCODE_ANY) < 0 || putchar('\n') < 0 ? -EIO : 0;
        json_decref(json);
        return r;
}

int complain(int error, const sd_bus_error *e, const char *format, ...) {
        _cleanup_free_ char *what = NULL, *why = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&what, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;

        if (!e || !e->message)
                return log_error(error, "%s", text_strip_control(what));

        /* The daemon may quote what a machine calls itself. */
        why = strdup(e->message);
        if (!why)
                return -ENOMEM;

        (void) text_strip_control(why);

        /* berthd says what it could not do, machined only why. */
        if (startswith(why, "Cannot "))
                (void) log_error(0, "%s", why);
        else
                (void) log_error(0, "%s: %s", text_strip_control(what), why);
        return error < 0 ? error : -error;
}
