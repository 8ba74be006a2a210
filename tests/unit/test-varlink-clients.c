/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients: who comes and how many, who does not read, who goes away. */

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/core/crowd.h"
#include "daemon/varlink/varlink-output.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/lib/varlink-fixture.h"

TEST(a_call_that_waits_holds_up_nobody_else) {
        _cleanup_(fixture_done) Fixture f;
        VarlinkClient first;

        fixture_init(&f);
        send_call(&f, SLOW);
        fixture_settle(&f);

        first = f.client;
        varlink_client_open(&f.client, f.server, fixture_settle, &f);
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
                fixture_settle(&f);
        } while (f.n_echoes > n_echoes);

        /* Both sockets' buffers and our own are full. */
        CHECK(f.n_echoes < n_sent);
        CHECK(f.n_echoes < 64);
        CHECK(is_connected(&f));

        /* It costs us nothing but that. */
        CHECK(sd_event_run(f.event, 0) == 0);
}

TEST(what_was_sent_is_done_though_nobody_waits) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, SLOW);
        for (unsigned i = 0; i < 100; i++)
                send_call(&f, ECHO("{\"text\":\"done\"}"));
        fixture_settle(&f);
        varlink_client_close(&f.client);
        fixture_settle(&f);
        CHECK(f.n_echoes == 0);
        CHECK(is_connected(&f));
        CHECK(sd_event_run(f.event, 0) == 0);

        varlink_call_reply(TAKE_PTR(f.slow), json_object());
        fixture_settle(&f);
        CHECK(f.n_echoes == 100);
        CHECK(!is_connected(&f));
}

TEST(who_has_sent_all_still_hears) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, SLOW);
        CHECK_OK(shutdown(f.client.fd, SHUT_WR));
        fixture_settle(&f);
        varlink_call_reply(TAKE_PTR(f.slow), json_object());
        check_next(&f, "{\"parameters\":{}}");
        CHECK(!is_connected(&f));
}

TEST(a_call_outlives_its_server) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, SLOW);
        fixture_settle(&f);
        f.server = varlink_server_free(f.server);
        varlink_call_reply(TAKE_PTR(f.slow), json_object());
}

TEST(a_list_is_made_as_fast_as_it_is_read) {
        _cleanup_(fixture_done) Fixture f;
        unsigned n = 0;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":9999},\"more\":true}");
        fixture_settle(&f);
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
        fixture_settle(&f);
        CHECK(f.counter);

        varlink_client_close(&f.client);
        fixture_settle(&f);
        CHECK(f.n_gone == 1);
        CHECK(!f.counter);
        CHECK(!is_connected(&f));
}

TEST(a_list_ends_with_the_server) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":9999},\"more\":true}");
        fixture_settle(&f);
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

/* Has as many come as get in. */
static size_t count_admitted(Fixture *f, uid_t uid, int clients[static CROWD_MAX]) {
        int pair[2], r = 0;
        size_t n = 0;

        while (r >= 0 && n < CROWD_MAX) {
                varlink_client_pair(uid, pair);
                clients[n] = pair[0];
                r = varlink_server_serve(f->server, pair[1]);
                if (r >= 0)
                        n++;
                else
                        (void) close(pair[0]);
        }
        if (r < 0)
                CHECK_ERR(r, EBUSY);

        return n;
}

static void let_go(const int *clients, size_t n) {
        while (n-- > 0)
                (void) close(clients[n]);
}

TEST(clients_are_bounded) {
        _cleanup_(fixture_done) Fixture f;
        size_t limit = getuid() == 0 ? CROWD_MAX : CROWD_PER_USER, n;
        int clients[CROWD_MAX];

        fixture_init(&f);
        n = count_admitted(&f, getuid(), clients);
        CHECK(n == limit - 1); /* and that of the fixture */

        let_go(clients, n);
        fixture_settle(&f);
        check_reply(&f, ECHO("{\"text\":\"still\"}"), "{\"parameters\":{\"text\":\"still\"}}");
}

TEST(others_leave_room_for_one_another_and_for_root) {
        int crowds[4][CROWD_MAX], clients[CROWD_MAX];
        _cleanup_(fixture_done) Fixture f;
        size_t n[ELEMENTSOF(crowds)];

        SKIP_UNLESS(getuid() == 0, "root");
        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(crowds); i++)
                n[i] = count_admitted(&f, (uid_t) (1000 + i), crowds[i]);
        for (size_t i = 0; i < 3; i++)
                CHECK(n[i] == CROWD_PER_USER);
        CHECK(n[3] == 0); /* three crowds are as many as all users together may be */

        n[3] = count_admitted(&f, 0, clients);
        CHECK(n[3] == CROWD_MAX - CROWD_UNPRIVILEGED - 1);
        let_go(clients, n[3]);

        let_go(crowds[0], 1);
        fixture_settle(&f);
        n[3] = count_admitted(&f, 1003, crowds[3]);
        CHECK(n[3] == 1);
        for (size_t i = 0; i < ELEMENTSOF(crowds); i++)
                let_go(crowds[i] + (i == 0), n[i] - (i == 0));
}

TEST(the_daemon_itself_is_root_s) {
        static const char *const calls[] = {
                "{\"method\":\"io.systemd.service.GetEnvironment\"}",
                "{\"method\":\"io.systemd.service.SetLogLevel\",\"parameters\":{\"level\":7}}",
        };
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *environment = NULL;
        VarlinkClient first;

        SKIP_UNLESS(getuid() == 0, "root");
        fixture_init(&f);
        send_call(&f, calls[0]);
        environment = next_message(&f);
        CHECK(strstr(environment, "{\"parameters\":{\"environment\":[\""));

        first = f.client;
        varlink_client_open_as(&f.client, f.server, 1000, fixture_settle, &f);
        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                check_reply(&f, calls[i], REFUSED);
        varlink_client_close(&first);
}

static int next_fd(void) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        CHECK_OK(fd);
        (void) close(fd);
        return fd;
}

TEST(a_descriptor_that_nobody_gets_is_closed) {
        _cleanup_(fixture_done) Fixture f;
        int fd;

        fixture_init(&f);
        send_call(&f, SLOW);
        fixture_settle(&f);
        fd = next_fd();
        send_call(&f, "{\"method\":\"org.example.Test.Open\",\"oneway\":true}");
        varlink_call_reply(TAKE_PTR(f.slow), json_object());
        check_next(&f, "{\"parameters\":{}}");
        CHECK(next_fd() == fd);

        /* Who has gone meanwhile. */
        send_call(&f, SLOW);
        fixture_settle(&f);
        fd = f.client.fd;
        varlink_client_close(&f.client);
        fixture_settle(&f);
        varlink_call_reply_fd(TAKE_PTR(f.slow), json_object(), open("/dev/null", O_RDONLY | O_CLOEXEC));
        fixture_settle(&f);
        CHECK(!is_connected(&f));
        CHECK(next_fd() == fd);
}

TEST(a_descriptor_that_is_queued_is_closed_with_its_queue) {
        VarlinkOutput o = {};
        char *text = strdup("text");
        int fd = next_fd();

        CHECK(text);
        CHECK_OK(varlink_output_add(&o, text, strlen(text) + 1, open("/dev/null", O_RDONLY | O_CLOEXEC)));
        CHECK(next_fd() > fd);
        varlink_output_done(&o);
        CHECK(next_fd() == fd);
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

/* As systemd's: who wanted to connect may have thought better of it, and we would wait. */
TEST(a_socket_that_is_given_to_us_does_not_block) {
        _cleanup_(fixture_done) Fixture f;
        int fd;

        fixture_init(&f);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_OK(fd);
        CHECK_OK(bind(fd, &(struct sockaddr) { .sa_family = AF_UNIX }, sizeof(sa_family_t)));
        CHECK_OK(listen(fd, 1));
        CHECK_OK(varlink_server_listen(f.server, fd));
        CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
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
