/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who changes the trees meanwhile, whose files they are, and what is left when a copy is killed. */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "lib/copy/copy-source.h"
#include "lib/copy/copy-target.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/lib/copy-world.h"

static void kill_self(_unused_ void *userdata, _unused_ uint64_t bytes) {
        (void) raise(SIGKILL);
}

/* Copies in a process that is killed as soon as there are some bytes. */
static void copy_killed(const char *source, const char *target, bool replaces) {
        pid_t pid = fork();
        int result;

        CHECK(pid >= 0);
        if (pid == 0) {
                CopyRequest q = request(source, target);

                q.replaces = replaces;
                q.on_progress = kill_self;
                _exit(copy_tree(&q) < 0 ? 1 : 0);
        }

        CHECK(waitpid(pid, &result, 0) == pid);
        CHECK(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
}

TEST(a_copy_that_is_killed_leaves_no_half_file) {
        BEGIN();

        make("s/f", "text");
        copy_killed("f", "f", false);
        CHECK(count("t") == 0);

        make("t/f", "old");
        copy_killed("f", "f", true);
        check_text("t/f", "old");
        CHECK(count("t") == 1);
}

TEST(what_a_killed_copy_left_is_removed_by_the_next_one) {
        static const char left[] = "t/" COPY_TEMPORARY_PREFIX "0123456789abcdef0123456789abcdef";
        static const char other[] = "t/" COPY_TEMPORARY_PREFIX "mine";
        _cleanup_close_ int lock_fd = -EBADF;

        BEGIN();

        make(left, "half");
        make(other, "not a temporary one");
        CHECK(symlink("x", "s/link") >= 0 && symlink("y", "s/second") >= 0);

        /* As long as somebody makes some there, nobody knows whose they are. */
        lock_fd = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(flock(lock_fd, LOCK_SH) >= 0);
        CHECK_OK(copy("link", "link"));
        CHECK(exists(left));
        closep(&lock_fd);
        lock_fd = -EBADF;

        CHECK_OK(copy("second", "second"));
        CHECK(!exists(left) && exists(other));
}

/* Until it is killed: "d" is a directory, and a link out, and a directory … */
static void swap(const char *in) {
        int fd = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC);

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
                (void) renameat2(fd, "d", fd, "l", RENAME_EXCHANGE);
}

static void while_swapping(const char *in, void (*what)(void)) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0)
                swap(in);

        for (unsigned i = 0; i < 500; i++)
                what();

        CHECK(kill(pid, SIGKILL) >= 0 && waitpid(pid, NULL, 0) == pid);
}

static void copy_out(void) {
        int r = copy(".", "copy");

        CHECK(r == 0 || r == -ENOTDIR || r == -EAGAIN);
        CHECK(!exists("t/copy/d/secret") && !exists("t/copy/l/secret"));
}

TEST(a_guest_that_swaps_directories_for_links_reads_nothing_outside) {
        BEGIN();

        CHECK(mkdir("outside", 0755) >= 0 && mkdir("s/d", 0755) >= 0);
        make("outside/secret", "secret");
        make("s/d/f", "text");
        CHECK(symlink("../outside", "s/l") >= 0);
        while_swapping("s", copy_out);
}

static void copy_in(void) {
        int r = copy_replacing(".", ".");

        CHECK(r == 0 || r == -ENOTDIR || r == -EAGAIN || r == -EEXIST);
        CHECK(count("outside") == 1);
}

TEST(a_guest_that_swaps_directories_for_links_writes_nothing_outside) {
        BEGIN();

        CHECK(mkdir("outside", 0755) >= 0 && mkdir("t/d", 0755) >= 0 && mkdir("s/d", 0755) >= 0);
        make("outside/secret", "secret");
        make("s/d/f", "text");
        make("s/d/secret", "overwritten");
        CHECK(symlink("../outside", "t/l") >= 0);
        while_swapping("t", copy_in);
        check_text("outside/secret", "secret");
}

/* A process that is root of a user namespace of its own, and opens files there. */
static pid_t open_as_user(int socket, int other_end) {
        int ready[2], done[2];
        char byte = 0, path[64];
        pid_t pid;

        CHECK(pipe2(ready, O_CLOEXEC) >= 0 && pipe2(done, O_CLOEXEC) >= 0);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
                (void) close(other_end);
                if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], &byte, 1) != 1 ||
                    read(done[0], &byte, 1) != 1)
                        _exit(1);
                if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                        _exit(2);
                _exit(copy_source_serve(socket) < 0 ? 3 : 0);
        }

        (void) close(ready[1]);
        CHECK(read(ready[0], &byte, 1) == 1);
        (void) snprintf(path, sizeof(path), "/proc/%i/uid_map", pid);
        CHECK_OK(file_write(path, "0 100000 65536\n"));
        (void) snprintf(path, sizeof(path), "/proc/%i/gid_map", pid);
        CHECK_OK(file_write(path, "0 100000 65536\n"));
        CHECK(write(done[1], &byte, 1) == 1);
        (void) close(ready[0]);
        (void) close(done[0]);
        (void) close(done[1]);
        return pid;
}

TEST(sources_are_opened_with_the_rights_of_their_side) {
        char value[8] = "";
        CopyRequest q;
        int pair[2], result;
        pid_t pid;

        BEGIN();

        CHECK(mkdir("s/d", 0700) >= 0 && chown("s/d", 101000, 101000) >= 0);
        make("s/d/f", "theirs");
        CHECK(chown("s/d/f", 101000, 101000) >= 0 && chmod("s/d/f", 0600) >= 0);
        SKIP_UNLESS(setxattr("s/d/f", "user.a", "1", 1, 0) >= 0, "a tmpfs with extended attributes");
        make("s/shadow", "the host's");
        CHECK(chmod("s/shadow", 0600) >= 0);

        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) >= 0);
        pid = open_as_user(pair[0], pair[1]);
        (void) close(pair[0]);

        q = request("d", "d");
        q.disowns = true;
        q.opener = pair[1];
        CHECK_OK(copy_tree(&q));
        check_text("t/d/f", "theirs");
        CHECK(status("t/d/f").st_uid == 0 && status("t/d/f").st_mode == (S_IFREG | 0600));
        CHECK(getxattr("t/d/f", "user.a", value, sizeof(value)) == 1);

        q.source = q.target = "shadow";
        CHECK_ERR(copy_tree(&q), EACCES);
        q.source = q.target = "nothing";
        CHECK_ERR(copy_tree(&q), ENOENT);
        CHECK(count("t") == 1);

        (void) close(pair[1]);
        CHECK(waitpid(pid, &result, 0) == pid && WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

TEST_MAIN()
