/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/text.h"
#include "lib/kernel/packet.h"
#include "lib/kernel/socket.h"
#include "lib/kernel/varlink-call.h"
#include "tests/test.h"

#define CALL "{\"method\":\"a.B\"}"
#define LONG_ENOUGH (20 * USEC_PER_SEC)

/* A service, in a process of its own, which answers one call with bytes in two pieces. */
typedef struct Service {
        char directory[32];
        char *path;
        int listening_fd;
        pid_t pid;
} Service;

static void wait_for(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        (void) poll(&p, 1, -1);
}

/* Fails as a test does, if the call is not as it was sent. */
static int answer(int listening_fd, const char *first, size_t first_size, const char *second, size_t size) {
        int fds[PACKET_FDS_MAX], fd;
        struct stat is, was;
        char buffer[256];
        size_t n_fds = 0;
        ssize_t n;

        wait_for(listening_fd);
        fd = socket_accept(listening_fd);
        wait_for(fd);
        n = packet_receive(fd, buffer, sizeof(buffer), 0, fds, &n_fds);
        if (n != sizeof(CALL) || memcmp(buffer, CALL, sizeof(CALL)) != 0 || n_fds != 1 ||
            fstat(fds[0], &is) < 0 || stat("/dev/null", &was) < 0 || is.st_rdev != was.st_rdev)
                return 1;

        if (first_size > 0 && send(fd, first, first_size, MSG_NOSIGNAL) != (ssize_t) first_size)
                return 2;
        if (size > 0 && send(fd, second, size, MSG_NOSIGNAL) != (ssize_t) size)
                return 3;

        /* One that has nothing to say stays. */
        if (first_size == 0)
                wait_for(fd);
        return 0;
}

static void service_init(Service *s, const char *first, size_t first_size, const char *second, size_t size) {
        *s = (Service) { .directory = "/tmp/berth-test-XXXXXX" };
        CHECK(mkdtemp(s->directory));
        CHECK_OK(text_printf(&s->path, "%s/socket", s->directory));
        s->listening_fd = socket_listen(s->path, 0600);
        CHECK_OK(s->listening_fd);

        s->pid = fork();
        CHECK_OK(s->pid);
        if (s->pid == 0)
                _exit(answer(s->listening_fd, first, first_size, second, size));
}

static void service_done(Service *s) {
        int status = -1;

        CHECK(waitpid(s->pid, &status, 0) == s->pid);
        CHECK(WIFEXITED(status));
        CHECK_OK(-WEXITSTATUS(status));
        (void) close(s->listening_fd);
        (void) unlink(s->path);
        (void) rmdir(s->directory);
        free(s->path);
}

static ssize_t call(const Service *s, uint64_t timeout_usec, char **ret) {
        _cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        CHECK_OK(fd);
        return varlink_call(s->path, CALL, &fd, 1, timeout_usec, ret);
}

static ssize_t call_once(const char *first, size_t first_size, const char *second, size_t size, char **ret) {
        Service s;
        ssize_t n;

        service_init(&s, first, first_size, second, size);
        n = call(&s, LONG_ENOUGH, ret);
        service_done(&s);
        return n;
}

TEST(a_reply_may_come_in_pieces) {
        _cleanup_free_ char *reply = NULL;

        CHECK(call_once("{\"error\"", 8, ":1}", 4, &reply) == 11);
        CHECK_STREQ(reply, "{\"error\":1}");
}

TEST(a_reply_may_be_empty) {
        _cleanup_free_ char *reply = NULL;

        CHECK(call_once("", 1, NULL, 0, &reply) == 0);
        CHECK_STREQ(reply, "");
}

TEST(a_service_that_hangs_up_is_no_answer) {
        char *reply = NULL;

        CHECK_ERR(call_once("{}", 2, NULL, 0, &reply), ECONNRESET);
}

TEST(there_is_one_reply_to_one_call) {
        char *reply = NULL;

        CHECK_ERR(call_once("{}\0{}", 6, NULL, 0, &reply), EPROTO);
}

TEST(a_reply_is_bounded) {
        _cleanup_free_ char *most = malloc(VARLINK_REPLY_MAX + 2), *reply = NULL;

        CHECK(most);
        memset(most, 'x', VARLINK_REPLY_MAX + 2);
        most[VARLINK_REPLY_MAX] = '\0';
        CHECK(call_once(most, 1, most + 1, VARLINK_REPLY_MAX, &reply) == (ssize_t) VARLINK_REPLY_MAX);

        most[VARLINK_REPLY_MAX] = 'x';
        CHECK_ERR(call_once(most, 1, most + 1, VARLINK_REPLY_MAX + 1, &reply), EFBIG);
}

TEST(nobody_is_waited_for_longer_than_that) {
        char *reply = NULL;
        Service s;

        service_init(&s, NULL, 0, NULL, 0);
        CHECK_ERR(call(&s, 10 * USEC_PER_MSEC, &reply), ETIMEDOUT);
        service_done(&s);
}

TEST(nobody_may_be_there) {
        char *reply = NULL;

        CHECK_ERR(varlink_call("/tmp/berth-test-nobody/socket", CALL, NULL, 0, LONG_ENOUGH, &reply), ENOENT);
}

TEST_MAIN()
