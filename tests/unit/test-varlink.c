/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/varlink/varlink-server.h"
#include "daemon/varlink/varlink-service.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/lib/varlink-client.h"
#include "tests/test.h"

typedef struct Fixture {
        sd_event *event;
        VarlinkServer *server;
        VarlinkClient client;

        VarlinkCall *slow;              /* waits for the test */
        unsigned n_slow, n_echoes;

        VarlinkCall *counter;           /* is answered in parts */
        json_int_t next, end;
        unsigned n_gone;
} Fixture;

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
                          { "thing", VARLINK_OBJECT },
                          { "any", VARLINK_ANY },
                          {} },
                  echo },
                { "Slow", NULL, slow },
                { "Count", (const VarlinkField[]) { { "to", VARLINK_INT, true }, {} }, count, true },
                { "Open", NULL, open_null },
                {},
        },
};

static void settle(void *userdata) {
        Fixture *f = userdata;

        while (sd_event_run(f->event, 0) > 0)
                ;
}

static void fixture_init(Fixture *f) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_service_interface, &varlink_systemd_interface, &test_interface, NULL };

        *f = (Fixture) {};
        CHECK_OK(sd_event_new(&f->event));
        CHECK_OK(varlink_server_new(f->event, interfaces, f, &f->server));
        varlink_client_open(&f->client, f->server, settle, f);
}

static void fixture_done(Fixture *f) {
        (void) varlink_server_free(f->server);
        if (f->slow)
                varlink_call_drop(f->slow);
        sd_event_unref(f->event);
        varlink_client_close(&f->client);
}

static bool is_connected(Fixture *f) {
        return varlink_server_n_connections(f->server) == 1;
}

static char *next_message(Fixture *f) {
        return varlink_client_next(&f->client);
}

static void send_bytes(Fixture *f, const char *data, size_t size) {
        varlink_client_send(&f->client, data, size);
}

static void send_call(Fixture *f, const char *text) {
        send_bytes(f, text, strlen(text) + 1);
}

static void check_next(Fixture *f, const char *wanted) {
        _cleanup_free_ char *message = next_message(f);

        CHECK_STREQ(message, wanted);
}

static void check_reply(Fixture *f, const char *call, const char *wanted) {
        send_call(f, call);
        check_next(f, wanted);
}

#define ECHO(parameters) "{\"method\":\"org.example.Test.Echo\",\"parameters\":" parameters "}"
#define INVALID(name)                                                                   \
        "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"" name "\"}}"

TEST(a_call_is_answered) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, ECHO("{\"text\":\"hello\"}"), "{\"parameters\":{\"text\":\"hello\"}}");
        check_next(&f, NULL);
        CHECK(is_connected(&f));
}

TEST(parameters_are_held_to_their_table) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, ECHO("{}"), INVALID("text"));
        check_reply(&f, ECHO("{\"text\":null}"), INVALID("text"));
        check_reply(&f, ECHO("{\"text\":1}"), INVALID("text"));
        check_reply(&f, ECHO("{\"text\":\"\",\"other\":1}"), INVALID("other"));
        check_reply(&f, ECHO("{\"text\":\"\",\"flag\":0}"), INVALID("flag"));
        check_reply(&f, ECHO("{\"text\":\"\",\"words\":[\"\",1]}"), INVALID("words"));
        check_reply(&f, ECHO("{\"text\":\"\",\"words\":\"\"}"), INVALID("words"));
        check_reply(&f, ECHO("{\"text\":\"\",\"id\":-1}"), INVALID("id"));
        check_reply(&f, ECHO("{\"text\":\"\",\"id\":4294967296}"), INVALID("id"));
        check_reply(&f, ECHO("{\"text\":\"\",\"id\":1.0}"), INVALID("id"));
        check_reply(&f, ECHO("{\"text\":\"\",\"things\":[[]]}"), INVALID("things"));
        check_reply(&f, ECHO("{\"text\":\"\",\"thing\":[]}"), INVALID("thing"));
        CHECK(f.n_echoes == 0);

        check_reply(&f, ECHO("{\"text\":\"\",\"flag\":null}"),
                    "{\"parameters\":{\"text\":\"\",\"flag\":null}}");
        check_reply(&f, ECHO("{\"text\":\"\",\"words\":[],\"id\":4294967295,\"things\":[{}],\"any\":[]}"),
                    "{\"parameters\":{\"text\":\"\",\"words\":[],\"id\":4294967295,"
                    "\"things\":[{}],\"any\":[]}}");
}

TEST(what_is_not_there_is_told_by_name) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, "{\"method\":\"org.example.Other.Echo\"}",
                    "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":"
                    "\"org.example.Other\"}}");
        check_reply(&f, "{\"method\":\"nodots\"}",
                    "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":"
                    "\"nodots\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.Nope\"}",
                    "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
                    "\"org.example.Test.Nope\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.\"}",
                    "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
                    "\"org.example.Test.\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.Slow\",\"upgrade\":true}",
                    "{\"error\":\"org.varlink.service.MethodNotImplemented\",\"parameters\":{\"method\":"
                    "\"org.example.Test.Slow\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":1}}",
                    "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}");
        CHECK(f.n_slow == 0);
}

TEST(a_service_describes_itself) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *info = NULL;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.varlink.service.GetInfo\"}");
        info = next_message(&f);
        CHECK(strstr(info, "\"interfaces\":[\"org.varlink.service\",\"io.systemd.service\","
                           "\"org.example.Test\"]"));

        check_reply(&f, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
                        "{\"interface\":\"org.example.Test\"}}",
                    "{\"parameters\":{\"description\":\"interface org.example.Test\\n\"}}");
        check_reply(&f, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
                        "{\"interface\":\"org.example\"}}",
                    "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":"
                    "\"org.example\"}}");
}

TEST(descriptions_name_their_interface) {
        CHECK(strstr(varlink_service_interface.description, "\ninterface org.varlink.service\n"));
        CHECK(strstr(varlink_systemd_interface.description, "\ninterface io.systemd.service\n"));
}

TEST(a_daemon_answers_a_ping) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, "{\"method\":\"io.systemd.service.Ping\",\"parameters\":null}",
                    "{\"parameters\":{}}");
        check_reply(&f, "{\"method\":\"io.systemd.service.SetLogLevel\",\"parameters\":{\"level\":8}}",
                    INVALID("level"));
}

TEST(what_is_no_call_ends_the_connection) {
        static const char *const garbage[] = {
                "", "x", "[]", "\"text\"", "null", "{", "{}", "{\"method\":1}", "{\"method\":null}",
                "{\"method\":\"a.B\"} trailing", "{\"method\":\"a.B\",\"method\":\"a.B\"}",
                "{\"method\":\"a.B\",\"parameters\":[]}", "{\"method\":\"a.B\",\"more\":1}",
                "{\"method\":\"a.B\",\"more\":true,\"oneway\":true}", "{\"method\":\"a\\u0000b\"}",
                "{\"method\":\"\xff\"}",
        };

        for (size_t i = 0; i < ELEMENTSOF(garbage); i++) {
                _cleanup_(fixture_done) Fixture f;

                fixture_init(&f);
                send_call(&f, garbage[i]);
                check_next(&f, NULL);
                CHECK(!is_connected(&f));
        }
}

TEST(a_call_may_come_byte_by_byte) {
        static const char call[] = ECHO("{\"text\":\"slowly\"}");
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < sizeof(call) - 1; i++) {
                send_bytes(&f, call + i, 1);
                check_next(&f, NULL);
        }
        send_bytes(&f, "", 1);
        check_next(&f, "{\"parameters\":{\"text\":\"slowly\"}}");
}

TEST(half_a_call_is_forgotten_with_its_client) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_bytes(&f, ECHO("{\"text\":\"cut\"}"), 20);
        settle(&f);
        CHECK_OK(shutdown(f.client.fd, SHUT_WR));
        check_next(&f, NULL);
        CHECK(!is_connected(&f));
}

static char *call_of_size(size_t size) {
        char *text = malloc(size + 1);
        size_t n;

        CHECK(text);
        n = (size_t) sprintf(text, "{\"method\":\"org.example.Test.Echo\",\"parameters\":{\"text\":\"");
        memset(text + n, 'x', size - n);
        strcpy(text + size - 3, "\"}}");
        return text;
}

TEST(a_call_may_be_large_but_not_too_large) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *large = call_of_size(VARLINK_MESSAGE_MAX);
        _cleanup_free_ char *reply = NULL, *too_large = call_of_size(VARLINK_MESSAGE_MAX + 1);

        fixture_init(&f);
        send_call(&f, large);
        for (unsigned i = 0; i < 100 && !reply; i++)
                reply = next_message(&f);
        CHECK(reply);
        CHECK(strlen(reply) > VARLINK_MESSAGE_MAX - 64);

        send_call(&f, too_large);
        check_next(&f, NULL);
        CHECK(!is_connected(&f));
        CHECK(f.n_echoes == 1);
}

TEST(bytes_without_end_are_cut) {
        _cleanup_(fixture_done) Fixture f;
        char blanks[4096];

        fixture_init(&f);
        memset(blanks, ' ', sizeof(blanks));
        for (size_t n = 0; n <= VARLINK_MESSAGE_MAX && is_connected(&f); n += sizeof(blanks)) {
                send_bytes(&f, blanks, sizeof(blanks));
                settle(&f);
        }
        CHECK(!is_connected(&f));
}

TEST(depth_and_number_of_values_are_bounded) {
        char deep[512] = "{\"method\":\"org.example.Test.Echo\",\"parameters\":{\"any\":";
        _cleanup_free_ char *many = calloc(2, VARLINK_VALUES_MAX + 64);
        const char *brackets = "{\"method\":\"a.B\",\"parameters\":{\"t\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[\"}}";
        VarlinkMessage m;

        memset(deep + strlen(deep), '[', VARLINK_DEPTH_MAX);
        CHECK_ERR(varlink_message_parse(deep, strlen(deep), &m), EBADMSG);

        CHECK(many);
        strcpy(many, "{\"method\":\"a.B\",\"parameters\":{\"any\":[0");
        for (size_t i = 0; i < VARLINK_VALUES_MAX; i++)
                strcpy(many + strlen("{\"method\":\"a.B\",\"parameters\":{\"any\":[0") + 2 * i, ",0");
        strcat(many, "]}}");
        CHECK_ERR(varlink_message_parse(many, strlen(many), &m), EBADMSG);

        /* What only looks deep is not. */
        CHECK_OK(varlink_message_parse(brackets, strlen(brackets), &m));
        varlink_message_done(&m);
}

TEST(calls_are_answered_in_their_order) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Slow\"}");
        send_call(&f, ECHO("{\"text\":\"second\"}"));
        check_next(&f, NULL);
        CHECK(f.n_slow == 1);
        CHECK(f.n_echoes == 0);

        varlink_call_reply(TAKE_PTR(f.slow), json_object());
        check_next(&f, "{\"parameters\":{}}");
        check_next(&f, "{\"parameters\":{\"text\":\"second\"}}");
}

TEST(a_call_that_waits_holds_up_nobody_else) {
        _cleanup_(fixture_done) Fixture f;
        VarlinkClient first;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Slow\"}");
        settle(&f);

        first = f.client;
        varlink_client_open(&f.client, f.server, settle, &f);
        check_reply(&f, ECHO("{\"text\":\"other\"}"), "{\"parameters\":{\"text\":\"other\"}}");
        varlink_client_close(&first);
}

TEST(thousands_of_calls_at_once_are_all_answered) {
        _cleanup_(fixture_done) Fixture f;
        unsigned n = 0;

        fixture_init(&f);
        for (unsigned i = 0; i < 5000; i++)
                send_call(&f, ECHO("{\"text\":\"again\"}"));

        for (char *reply; (reply = next_message(&f)); n++) {
                CHECK_STREQ(reply, "{\"parameters\":{\"text\":\"again\"}}");
                free(reply);
        }
        CHECK(n == 5000);
        CHECK(is_connected(&f));
}

TEST(who_never_reads_is_not_worked_for) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *large = call_of_size(16 * 1024);
        unsigned n_sent = 0, n_echoes;
        size_t size = strlen(large) + 1;

        fixture_init(&f);
        do {
                n_echoes = f.n_echoes;
                while (send(f.client.fd, large, size, MSG_NOSIGNAL) == (ssize_t) size)
                        n_sent++;
                settle(&f);
        } while (f.n_echoes > n_echoes);

        /* Both sockets' buffers and our own are full. */
        CHECK(f.n_echoes < n_sent);
        CHECK(f.n_echoes < 64);
        CHECK(is_connected(&f));

        /* It costs us nothing but that. */
        CHECK(sd_event_run(f.event, 0) == 0);
}

TEST(one_way_calls_have_no_reply) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Echo\",\"oneway\":true,"
                      "\"parameters\":{\"text\":\"\"}}");
        send_call(&f, "{\"method\":\"org.example.Test.Nope\",\"oneway\":true}");
        send_call(&f, "{\"method\":\"org.example.Test.Open\",\"oneway\":true}");
        check_reply(&f, ECHO("{\"text\":\"two\"}"), "{\"parameters\":{\"text\":\"two\"}}");
        CHECK(f.n_echoes == 2);
}

TEST(what_was_sent_is_done_though_nobody_waits) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Slow\"}");
        for (unsigned i = 0; i < 100; i++)
                send_call(&f, ECHO("{\"text\":\"done\"}"));
        settle(&f);
        varlink_client_close(&f.client);
        settle(&f);
        CHECK(f.n_echoes == 0);
        CHECK(is_connected(&f));
        CHECK(sd_event_run(f.event, 0) == 0);

        varlink_call_reply(TAKE_PTR(f.slow), json_object());
        settle(&f);
        CHECK(f.n_echoes == 100);
        CHECK(!is_connected(&f));
}

TEST(who_has_sent_all_still_hears) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Slow\"}");
        CHECK_OK(shutdown(f.client.fd, SHUT_WR));
        settle(&f);
        varlink_call_reply(TAKE_PTR(f.slow), json_object());
        check_next(&f, "{\"parameters\":{}}");
        CHECK(!is_connected(&f));
}

TEST(a_call_outlives_its_server) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Slow\"}");
        settle(&f);
        f.server = varlink_server_free(f.server);
        varlink_call_reply(TAKE_PTR(f.slow), json_object());
}

TEST(a_call_may_have_many_replies) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":2},\"more\":true}",
                    "{\"parameters\":{\"n\":0},\"continues\":true}");
        check_next(&f, "{\"parameters\":{\"n\":1},\"continues\":true}");
        check_next(&f, "{\"parameters\":{\"n\":2}}");
        check_next(&f, NULL);
}

TEST(a_list_is_made_as_fast_as_it_is_read) {
        _cleanup_(fixture_done) Fixture f;
        unsigned n = 0;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":9999},\"more\":true}");
        settle(&f);
        CHECK(f.counter);
        CHECK(f.next < 9000);

        for (char *reply; (reply = next_message(&f)); n++)
                free(reply);
        CHECK(n == 10000);
        CHECK(!f.counter);
}

TEST(a_list_ends_with_its_client) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":9999},\"more\":true}");
        settle(&f);
        CHECK(f.counter);

        varlink_client_close(&f.client);
        settle(&f);
        CHECK(f.n_gone == 1);
        CHECK(!f.counter);
        CHECK(!is_connected(&f));
}

TEST(a_list_ends_with_the_server) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":9999},\"more\":true}");
        settle(&f);
        f.server = varlink_server_free(f.server);
        CHECK(f.n_gone == 1);
        CHECK(!f.counter);
}

TEST(a_descriptor_comes_with_its_reply) {
        _cleanup_(fixture_done) Fixture f;
        struct stat st;

        fixture_init(&f);
        check_reply(&f, "{\"method\":\"org.example.Test.Open\"}", "{\"parameters\":{\"fd\":0}}");
        CHECK(f.client.received_fd >= 0);
        CHECK_OK(fstat(f.client.received_fd, &st));
        CHECK(S_ISCHR(st.st_mode));
}

TEST(descriptors_of_clients_are_not_kept) {
        static char call[] = ECHO("{\"text\":\"\"}");
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
        struct iovec iov = { call, sizeof(call) };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes) };
        _cleanup_(fixture_done) Fixture f;
        int pair[2];
        char byte;

        fixture_init(&f);
        CHECK_OK(pipe2(pair, O_CLOEXEC));
        memcpy(CMSG_DATA(&control.header), &pair[1], sizeof(int));
        CHECK_OK(sendmsg(f.client.fd, &m, MSG_NOSIGNAL));
        (void) close(pair[1]);
        check_next(&f, "{\"parameters\":{\"text\":\"\"}}");

        /* Ours was the last. */
        CHECK(read(pair[0], &byte, 1) == 0);
        (void) close(pair[0]);
}

TEST(clients_are_bounded) {
        _cleanup_(fixture_done) Fixture f;
        int clients[VARLINK_CONNECTIONS_MAX], pair[2];
        size_t limit = getuid() == 0 ? VARLINK_CONNECTIONS_MAX : VARLINK_CONNECTIONS_PER_USER, n = 1;
        int r;

        fixture_init(&f);
        for (;; n++) {
                CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
                r = varlink_server_serve(f.server, pair[1]);
                if (r < 0)
                        break;
                CHECK(n < limit);
                clients[n] = pair[0];
        }
        CHECK_ERR(r, EBUSY);
        CHECK(n == limit);
        (void) close(pair[0]);

        while (--n > 0)
                (void) close(clients[n]);
        settle(&f);
        check_reply(&f, ECHO("{\"text\":\"still\"}"), "{\"parameters\":{\"text\":\"still\"}}");
}

TEST(a_socket_is_for_everybody_and_goes_with_its_server) {
        char directory[] = "/tmp/berth-test-XXXXXX";
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *path = NULL;
        struct stat st;

        fixture_init(&f);
        CHECK(mkdtemp(directory));
        CHECK_OK(text_printf(&path, "%s/below/org.example.Test", directory));
        CHECK_OK(varlink_server_bind(f.server, path));
        CHECK_OK(stat(path, &st));
        CHECK((st.st_mode & 0777) == 0666);

        closep(&f.client.fd);
        f.client.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        strcpy(address.sun_path, path);
        CHECK_OK(connect(f.client.fd, (const struct sockaddr *) &address, sizeof(address)));
        check_reply(&f, ECHO("{\"text\":\"\"}"), "{\"parameters\":{\"text\":\"\"}}");

        f.server = varlink_server_free(f.server);
        CHECK(stat(path, &st) < 0 && errno == ENOENT);
        *strrchr(path, '/') = 0;
        CHECK_OK(rmdir(path));
        CHECK_OK(rmdir(directory));
}

TEST(a_socket_of_somebody_else_is_left_alone) {
        char directory[] = "/tmp/berth-test-XXXXXX";
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *path = NULL;

        fixture_init(&f);
        CHECK(mkdtemp(directory));
        CHECK_OK(text_printf(&path, "%s/org.example.Test", directory));
        CHECK_OK(varlink_server_bind(f.server, path));
        CHECK_OK(file_replace(AT_FDCWD, path, 0600, "another's"));

        f.server = varlink_server_free(f.server);
        CHECK_OK(unlink(path));
        CHECK_OK(rmdir(directory));
}

TEST_MAIN()
