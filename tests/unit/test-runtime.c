/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/base/file.h"
#include "lib/kernel/note.h"
#include "lib/kernel/packet.h"
#include "runtime/notify.h"
#include "runtime/program.h"
#include "runtime/run.h"
#include "runtime/sync.h"
#include "runtime/user.h"
#include "tests/test.h"

static int received_with;

/* Nobody could see otherwise what is not closed when somebody else execs. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
        received_with = flags;
        return syscall(SYS_recvmsg, fd, message, flags);
}

static Notification parse(const char *text) {
        Notification n;

        notification_parse(text, strlen(text), &n);
        return n;
}

TEST(notifications_are_read_by_the_line) {
        Notification n = parse("READY=1\nSTATUS=up and running\nX_SYSTEMD_SIGNALS_LEVEL=2\nOTHER=1");

        CHECK(n.ready);
        CHECK(!n.stopping);
        CHECK(n.signals_level == 2);
        CHECK_STREQ(n.status, "up and running");
}

TEST(what_only_resembles_is_not_heard) {
        CHECK(!parse("READY=10").ready);
        CHECK(!parse(" READY=1").ready);
        CHECK(!parse("XREADY=1").ready);
        CHECK(!parse("").ready);
        CHECK(parse("X_SYSTEMD_SIGNALS_LEVEL=-1").signals_level == 0);
        CHECK(parse("X_SYSTEMD_SIGNALS_LEVEL=99999999999").signals_level == 0);
}

TEST(a_status_is_fit_to_be_shown) {
        char text[2048] = "STATUS=";
        Notification n = parse("STATUS=a\033[2Jb");

        CHECK_STREQ(n.status, "a?[2Jb");

        memset(text + strlen(text), 'x', sizeof(text) - strlen("STATUS=") - 1);
        n = parse(text);
        CHECK(strlen(n.status) == NOTIFY_STATUS_MAX - 1);
}

static int send_message(int fd, const char *text, size_t size) {
        return send(fd, text, size, 0) < 0 ? -errno : 0;
}

TEST(only_one_sender_is_heard) {
        Notification n;
        int one = 1, fds[2];

        CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) >= 0);
        CHECK(setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) >= 0);

        CHECK_ERR(notification_receive(fds[0], getpid(), &n), EAGAIN);

        CHECK_OK(send_message(fds[1], "READY=1", 7));
        CHECK(notification_receive(fds[0], getpid() + 1, &n) == 0);

        CHECK_OK(send_message(fds[1], "READY=1", 7));
        CHECK(notification_receive(fds[0], getpid(), &n) == 1);
        CHECK(n.ready);

        CHECK_OK(send_message(fds[1], "", 0));
        CHECK(notification_receive(fds[0], getpid(), &n) == 1);
        CHECK(!n.ready);

        (void) close(fds[0]);
        (void) close(fds[1]);
}

TEST(descriptors_that_come_with_a_message_are_closed) {
        Notification n;
        int one = 1, p[2], fds[2];
        char byte;

        CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) >= 0);
        CHECK(setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) >= 0);
        CHECK_OK(pipe2(p, O_CLOEXEC | O_NONBLOCK));
        CHECK_OK(packet_send(fds[1], &(struct iovec) { (char *) "READY=1", 7 }, 1, &p[1], 1, 0));
        (void) close(p[1]);

        CHECK(notification_receive(fds[0], getpid(), &n) == 1);
        CHECK(n.ready);
        CHECK(received_with & MSG_CMSG_CLOEXEC);
        CHECK(read(p[0], &byte, 1) == 0);
        (void) close(p[0]);
        (void) close(fds[0]);
        (void) close(fds[1]);
}

TEST(what_is_too_long_is_not_heard_at_all) {
        static char text[NOTE_SIZE_MAX] = "READY=1\n";
        Notification n;
        int one = 1, fds[2];

        CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) >= 0);
        CHECK(setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) >= 0);
        CHECK_OK(send_message(fds[1], text, sizeof(text)));
        CHECK(notification_receive(fds[0], getpid(), &n) == 0);

        (void) close(fds[0]);
        (void) close(fds[1]);
}

TEST(sync_carries_a_failure_whole) {
        SyncMessage sent = { .point = SYNC_FAILED, .error = -EEXIST, .step = "net-veth", .object = "ve-a" };
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        SyncMessage got;

        CHECK_OK(sync_pair(&a, &b));
        CHECK_ERR(sync_receive(a, false, &got, NULL, 0), EAGAIN);
        CHECK_OK(sync_send(b, &sent, NULL, 0));
        CHECK(sync_receive(a, true, &got, NULL, 0) == 1);
        CHECK(got.point == SYNC_FAILED && got.error == -EEXIST);
        CHECK_STREQ(got.step, "net-veth");
        CHECK_STREQ(got.object, "ve-a");
}

TEST(sync_carries_descriptors_or_refuses) {
        SyncMessage message = { .point = SYNC_ASSEMBLED };
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        int fds[2] = { STDIN_FILENO, STDERR_FILENO }, got[2];

        CHECK_OK(sync_pair(&a, &b));
        CHECK_OK(sync_send(b, &message, fds, 2));
        CHECK(sync_receive(a, true, &message, got, 2) == 1);
        CHECK(got[0] > STDERR_FILENO && got[1] > STDERR_FILENO);
        CHECK(fcntl(got[0], F_GETFD) == FD_CLOEXEC && fcntl(got[1], F_GETFD) == FD_CLOEXEC);
        (void) close(got[0]);
        (void) close(got[1]);

        CHECK_OK(sync_send(b, &message, fds, 1));
        CHECK_ERR(sync_receive(a, true, &message, got, 2), EBADMSG);
}

TEST(sync_hears_the_last_word_of_who_has_left_something_unread) {
        SyncMessage failed = { .point = SYNC_FAILED, .error = -ENOENT }, got;
        int a, b;

        CHECK_OK(sync_pair(&a, &b));
        CHECK_OK(sync_send(a, &(SyncMessage) { .point = SYNC_ATTACHED }, NULL, 0));
        CHECK_OK(sync_send(b, &failed, NULL, 0));
        (void) close(b);
        CHECK(sync_receive(a, true, &got, NULL, 0) == 1);
        CHECK(got.point == SYNC_FAILED && got.error == -ENOENT);
        CHECK(sync_receive(a, true, &got, NULL, 0) == 0);
        (void) close(a);
}

TEST(sync_sees_the_other_side_go) {
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        SyncMessage message = {};

        CHECK_OK(sync_pair(&a, &b));
        (void) close(b);
        b = -EBADF;
        CHECK(sync_receive(a, true, &message, NULL, 0) == 0);
        CHECK_ERR(sync_send(a, &message, NULL, 0), EPIPE);
}

/* A root directory of a few files, which go away with it. */
typedef struct Tree {
        char path[32];
        int fd;
} Tree;

static void tree_init(Tree *t) {
        *t = (Tree) { .path = "/tmp/berth-test-XXXXXX" };
        CHECK(mkdtemp(t->path));
        t->fd = open(t->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK(t->fd >= 0);
        CHECK(mkdirat(t->fd, "etc", 0755) >= 0);
}

static void tree_done(Tree *t) {
        static const char *const names[] = { "etc/passwd", "etc/group", "script", "loop", "link", "bin" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) unlinkat(t->fd, names[i], 0);
        (void) unlinkat(t->fd, "etc", AT_REMOVEDIR);
        (void) close(t->fd);
        (void) rmdir(t->path);
}

static void tree_write(const Tree *t, const char *name, const char *text) {
        CHECK_OK(file_replace(t->fd, name, 0755, text));
}

TEST(users_are_those_of_the_guest) {
        _cleanup_(tree_done) Tree t;
        _cleanup_(user_done) User user = {};

        tree_init(&t);
        tree_write(&t, "etc/passwd",
                   "root:x:0:0:root:/root:/bin/zsh\nweb:x:33:34::/srv:/bin/sh\nbroken:x:1\n");
        tree_write(&t, "etc/group", "a:x:5:web\nb:x:6:other,web,more\nc:x:7:webb\nd:x:-1:web\n");

        CHECK_OK(user_find(t.fd, "web", &user));
        CHECK(user.uid == 33 && user.gid == 34);
        CHECK(user.n_groups == 2 && user.groups[0] == 5 && user.groups[1] == 6);
        CHECK_STREQ(user.home, "/srv");
        user_done(&user);

        CHECK_OK(user_find(t.fd, "33", &user));
        CHECK_STREQ(user.name, "web");
        user_done(&user);

        CHECK_OK(user_find(t.fd, "4711", &user));
        CHECK(user.uid == 4711 && user.gid == 4711);
        user_done(&user);

        CHECK_ERR(user_find(t.fd, "broken", &user), ESRCH);
        CHECK_ERR(user_find(t.fd, "4294967295", &user), ESRCH);
        CHECK_ERR(user_find(t.fd, "-1", &user), ESRCH);
        CHECK_ERR(user_find(t.fd, "", &user), ESRCH);
}

TEST(root_is_there_without_any_file) {
        _cleanup_(tree_done) Tree t;
        _cleanup_(user_done) User user = {};

        tree_init(&t);
        CHECK_OK(user_find(t.fd, "root", &user));
        CHECK(user.uid == 0);
        CHECK_STREQ(user.home, "/root");
}

TEST(programs_are_those_of_the_guest) {
        _cleanup_(tree_done) Tree t;

        tree_init(&t);
        CHECK_ERR(program_check(t.fd, "/bin"), ENOENT);
        tree_write(&t, "bin", "\177ELF");
        CHECK_OK(program_check(t.fd, "/bin"));

        tree_write(&t, "script", "#! /bin -x\n");
        CHECK_OK(program_check(t.fd, "/script"));
        tree_write(&t, "script", "#!bin\n");
        CHECK_ERR(program_check(t.fd, "/script"), ENOEXEC);
        tree_write(&t, "script", "#!\n");
        CHECK_ERR(program_check(t.fd, "/script"), ENOEXEC);
        tree_write(&t, "script", "#!/gone\n");
        CHECK_ERR(program_check(t.fd, "/script"), ENOENT);

        tree_write(&t, "loop", "#!/loop\n");
        CHECK_ERR(program_check(t.fd, "/loop"), ELOOP);
}

TEST(headers_of_binaries_are_not_believed) {
        _cleanup_(tree_done) Tree t;
        char elf[128] = "\177ELF\2\1\1";
        _cleanup_close_ int fd = -EBADF;

        tree_init(&t);
        memset(elf + 16, 0xff, sizeof(elf) - 16);
        fd = openat(t.fd, "bin", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        CHECK(fd >= 0);
        CHECK_OK(fd_write_all(fd, elf, sizeof(elf)));
        CHECK_ERR(program_check(t.fd, "/bin"), ENOEXEC);
}

TEST(every_step_has_a_name_of_its_own) {
        for (size_t i = 0; i < n_steps; i++) {
                CHECK(!isempty(step_table[i]->name));
                CHECK(step_table[i]->apply);
                CHECK(step_table[i]->stage < _STAGE_MAX);

                for (size_t j = 0; j < i; j++)
                        CHECK(!streq(step_table[i]->name, step_table[j]->name));
        }
}

TEST_MAIN()
