/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/packet.h"
#include "lib/kernel/peer.h"
#include "lib/kernel/process.h"
#include "lib/kernel/socket.h"
#include "tests/test.h"

#define OTHER 1000
#define SO_PEERPIDFD_NUMBER 77

typedef struct Place {
        char directory[32];
        char *path;
} Place;

static void place_init(Place *p) {
        *p = (Place) { .directory = "/tmp/berth-test-XXXXXX" };
        CHECK(mkdtemp(p->directory));
        CHECK_OK(text_printf(&p->path, "%s/socket", p->directory));
}

static void place_done(Place *p) {
        (void) unlink(p->path);
        (void) rmdir(p->directory);
        free(p->path);
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        CHECK_OK(fd);
        strcpy(address.sun_path, path);
        CHECK_OK(connect(fd, (const struct sockaddr *) &address, sizeof(address)));
        return fd;
}

TEST(a_socket_is_for_everybody_and_takes_the_place_of_what_was_there) {
        _cleanup_close_ int fd = -EBADF, client = -EBADF, served = -EBADF;
        _cleanup_(place_done) Place p;
        struct stat st;

        place_init(&p);
        CHECK_OK(file_replace(AT_FDCWD, p.path, 0600, "in the way"));
        fd = socket_listen(p.path, 0666);
        CHECK_OK(fd);
        CHECK_OK(stat(p.path, &st));
        CHECK(S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0666);

        /* Neither of them waits. */
        CHECK_ERR(socket_accept(fd), EAGAIN);
        client = connect_to(p.path);
        served = socket_accept(fd);
        CHECK_OK(served);
        CHECK(fcntl(served, F_GETFL) & O_NONBLOCK);
        CHECK(fcntl(served, F_GETFD) & FD_CLOEXEC);
}

TEST(paths_that_are_no_address_are_refused) {
        char path[200] = "/tmp/";

        memset(path + strlen(path), 'a', sizeof(path) - strlen(path) - 1);
        CHECK_ERR(socket_listen(path, 0666), ENAMETOOLONG);
        CHECK_ERR(socket_is_served(path), ENAMETOOLONG);
}

TEST(a_socket_is_served_as_long_as_somebody_listens) {
        _cleanup_(place_done) Place p;
        int fd;

        place_init(&p);
        CHECK(socket_is_served(p.path) == 0);
        fd = socket_listen(p.path, 0666);
        CHECK_OK(fd);
        CHECK(socket_is_served(p.path) == 1);

        /* Who is too busy for us is there, and we do not wait for them. */
        CHECK_OK(listen(fd, 0));
        CHECK(socket_is_served(p.path) == 1);
        CHECK(socket_is_served(p.path) == 1);

        (void) close(fd);
        CHECK(socket_is_served(p.path) == 0);
}

static void make_pair(uid_t uid, int ret[static 2]) {
        CHECK_OK(seteuid(uid));
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret));
        CHECK_OK(seteuid(getuid()));
}

static void check_peer(uid_t uid, bool has_pidfd) {
        int pair[2];
        pid_t pid;
        Peer peer;

        make_pair(uid, pair);
        CHECK_OK(peer_read(pair[0], &peer));
        CHECK(peer.uid == uid && peer.gid == getgid() && peer.pid == getpid());
        CHECK((peer.pidfd >= 0) == has_pidfd);
        if (has_pidfd) {
                CHECK_OK(process_pid(peer.pidfd, &pid));
                CHECK(pid == getpid());
                CHECK(fcntl(peer.pidfd, F_GETFD) & FD_CLOEXEC);
        }

        peer_done(&peer);
        CHECK(peer.pidfd == -EBADF);
        (void) close(pair[0]);
        (void) close(pair[1]);
}

TEST(descriptors_of_packets_are_ours_only_and_none_of_what_is_too_large) {
        struct iovec part = { (char *) "text", 4 };
        int fds[2], pipe_fds[2], got[PACKET_FDS_MAX];
        char buffer[4];
        size_t n;

        CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
        CHECK_OK(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK));
        CHECK_OK(packet_send(fds[1], &part, 1, &pipe_fds[1], 1, 0));
        CHECK_OK(packet_send(fds[1], &part, 1, &pipe_fds[1], 1, 0));
        (void) close(pipe_fds[1]);

        CHECK(packet_receive(fds[0], buffer, 4, 0, got, &n) == 4);
        CHECK(n == 1 && fcntl(got[0], F_GETFD) == FD_CLOEXEC);
        fds_close(got, n);
        CHECK_ERR(packet_receive(fds[0], buffer, 3, 0, got, &n), EFBIG);
        CHECK(read(pipe_fds[0], buffer, 1) == 0);
        (void) close(pipe_fds[0]);
        (void) close(fds[0]);
        (void) close(fds[1]);
}

TEST(a_peer_is_who_has_connected) {
        check_peer(getuid(), true);
}

TEST(a_peer_that_has_gone_is_nobody) {
        _cleanup_close_ int fd = -EBADF, served = -EBADF;
        _cleanup_(place_done) Place p;
        Peer peer;
        pid_t pid;

        place_init(&p);
        fd = socket_listen(p.path, 0666);
        CHECK_OK(fd);
        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                (void) connect_to(p.path);
                _exit(EXIT_SUCCESS);
        }
        CHECK(waitpid(pid, NULL, 0) == pid);

        served = socket_accept(fd);
        CHECK_OK(served);
        CHECK_OK(peer_read(served, &peer));
        CHECK(peer.uid == getuid() && peer.pid == pid);
        CHECK(!process_is_alive(peer.pidfd));
        peer_done(&peer);
}

/* Has the kernel be one of before Linux 6.5, for this process and for good. */
static int forget_peerpidfd(void) {
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_PEERPIDFD_NUMBER, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { ELEMENTSOF(filter), filter };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* The last one here: it changes the process. */
TEST(older_kernels_tell_a_number_that_may_be_somebody_else_s_by_now) {
        SKIP_UNLESS(forget_peerpidfd() >= 0, "seccomp");

        check_peer(getuid(), true);
        SKIP_UNLESS(getuid() == 0, "root");
        check_peer(OTHER, false);
}

TEST_MAIN()
