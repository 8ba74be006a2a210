/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients: who comes and how many, who does not read, who goes away. */

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/core/crowd.h"
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

TEST(clients_are_bounded) {
        _cleanup_(fixture_done) Fixture f;
        int clients[CROWD_MAX], pair[2];
        size_t limit = getuid() == 0 ? CROWD_MAX : CROWD_PER_USER, n = 1;
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
        fixture_settle(&f);
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
