/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whatever a client sends: the server answers, or ends the connection, and has no
 * client left when this one has gone.
 */

#include <sys/socket.h>

#include "daemon/varlink/varlink-server.h"
#include "daemon/varlink/varlink-service.h"
#include "tests/fuzz/fuzz.h"

static void take_all(_unused_ VarlinkServer *s, VarlinkCall *call) {
        char **words;

        if (varlink_get_strings(varlink_call_parameters(call), "words", &words) >= 0)
                for (char **w = words; w && *w; w++)
                        free(*w);
        free(words);
        varlink_call_reply(call, json_incref(varlink_call_parameters(call)));
}

static const VarlinkInterface fuzz_interface = {
        .name = "a.b",
        .description = "",
        .methods = (const VarlinkMethod[]) {
                { "C", (const VarlinkField[]) { { "text", VARLINK_STRING }, { "words", VARLINK_STRINGS },
                                                { "number", VARLINK_UINT32 }, { "any", VARLINK_ANY }, {} },
                  take_all },
                { "D", (const VarlinkField[]) { { "things", VARLINK_OBJECTS, true }, {} }, take_all, true },
                {},
        },
};

static void settle(sd_event *event, int client) {
        char drop[4096];

        while (sd_event_run(event, 0) > 0)
                (void) recv(client, drop, sizeof(drop), MSG_DONTWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_service_interface, &varlink_systemd_interface, &fuzz_interface, NULL };
        VarlinkServer *server;
        sd_event *event;
        int pair[2];

        if (sd_event_new(&event) < 0 || varlink_server_new(event, interfaces, NULL, &server) < 0 ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
            varlink_server_serve(server, pair[1]) < 0)
                abort();

        while (size > 0) {
                ssize_t n = send(pair[0], data, size, MSG_NOSIGNAL);

                if (n < 0 && errno != EAGAIN)
                        break;
                n = MAX(n, 0);
                data += n;
                size -= n;
                settle(event, pair[0]);
        }

        (void) close(pair[0]);
        while (sd_event_run(event, 0) > 0)
                ;
        if (varlink_server_n_connections(server) != 0)
                abort();

        (void) varlink_server_free(server);
        sd_event_unref(event);
        return 0;
}
