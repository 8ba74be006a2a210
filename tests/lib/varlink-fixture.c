/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>

#include "daemon/varlink/varlink-service.h"
#include "tests/lib/varlink-fixture.h"

static void echo(VarlinkServer *s, VarlinkCall *call) {
        Fixture *f = varlink_server_userdata(s);
        json_t *parameters = varlink_call_parameters(call);

        f->n_echoes++;
        varlink_call_reply(call, json_incref(parameters));
}

static void slow(VarlinkServer *s, VarlinkCall *call) {
        Fixture *f = varlink_server_userdata(s);

        f->n_slow++;
        f->slow = call;
}

static void count_on(void *userdata) {
        Fixture *f = userdata;

        while (f->next < f->end)
                if (!varlink_call_notify(f->counter, json_pack("{s:I}", "n", f->next++)))
                        return;

        varlink_call_reply(TAKE_PTR(f->counter), json_pack("{s:I}", "n", f->end));
}

static void count_gone(void *userdata) {
        Fixture *f = userdata;

        f->n_gone++;
        varlink_call_drop(TAKE_PTR(f->counter));
}

static void count(VarlinkServer *s, VarlinkCall *call) {
        Fixture *f = varlink_server_userdata(s);

        f->counter = call;
        f->next = 0;
        (void) varlink_get_int(varlink_call_parameters(call), "to", &f->end);
        varlink_call_watch(call, (VarlinkWatch) { count_on, count_gone, f });
        count_on(f);
}

static void open_null(_unused_ VarlinkServer *s, VarlinkCall *call) {
        varlink_call_reply_fd(call, json_pack("{s:i}", "fd", 0), open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static const VarlinkInterface test_interface = {
        .name = "org.example.Test",
        .description = "interface org.example.Test\n",
        .methods = (const VarlinkMethod[]) {
                { "Echo",
                  (const VarlinkField[]) {
                          { "text", VARLINK_STRING, true },
                          { "flag", VARLINK_BOOL },
                          { "words", VARLINK_STRINGS },
                          { "id", VARLINK_UINT32 },
                          { "things", VARLINK_OBJECTS },
                                    { "any", VARLINK_ANY },
                          {} },
                  echo },
                { "Slow", NULL, slow },
                { "Count", (const VarlinkField[]) { { "to", VARLINK_INT, true }, {} }, count, true },
                { "Open", NULL, open_null },
                {},
        },
};

void fixture_settle(void *userdata) {
        Fixture *f = userdata;

        while (sd_event_run(f->event, 0) > 0)
                ;
}

void fixture_init(Fixture *f) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_service_interface, &varlink_systemd_interface, &test_interface, NULL };

        *f = (Fixture) {};
        CHECK_OK(sd_event_new(&f->event));
        CHECK_OK(varlink_server_new(f->event, interfaces, f, &f->server));
        varlink_client_open(&f->client, f->server, fixture_settle, f);
}

void fixture_done(Fixture *f) {
        (void) varlink_server_free(f->server);
        if (f->slow)
                varlink_call_drop(f->slow);
        sd_event_unref(f->event);
        varlink_client_close(&f->client);
}

bool is_connected(Fixture *f) {
        return varlink_server_n_connections(f->server) == 1;
}

char *next_message(Fixture *f) {
        return varlink_client_next(&f->client);
}

void send_bytes(Fixture *f, const char *data, size_t size) {
        varlink_client_send(&f->client, data, size);
}

void send_call(Fixture *f, const char *text) {
        send_bytes(f, text, strlen(text) + 1);
}

void check_next(Fixture *f, const char *wanted) {
        _cleanup_free_ char *message = next_message(f);

        CHECK_STREQ(message, wanted);
}

void check_reply(Fixture *f, const char *call, const char *wanted) {
        send_call(f, call);
        check_next(f, wanted);
}

char *call_of_size(size_t size) {
        char *text = malloc(size + 1);
        size_t n;

        CHECK(text);
        n = (size_t) sprintf(text, "{\"method\":\"org.example.Test.Echo\",\"parameters\":{\"text\":\"");
        memset(text + n, 'x', size - n);
        strcpy(text + size - 3, "\"}}");
        return text;
}
