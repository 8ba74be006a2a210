/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "lib/kernel/pty.h"
#include "lib/kernel/relay.h"
#include "tests/test.h"

#define PATIENCE_MSEC 5000

typedef struct Fixture {
        int person, screen;             /* our ends of what the relay takes for the person's */
        int input, output;
        int master, peer;
        Relay *relay;
} Fixture;

static void fixture_done(Fixture *f) {
        relay_free(f->relay);
        closep(&f->person);
        closep(&f->screen);
        closep(&f->input);
        closep(&f->output);
        closep(&f->master);
        closep(&f->peer);
}

static int host_pty(int *ret_master, int *ret_peer) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *name = NULL;

        return pty_open_beneath(root_fd, ret_master, ret_peer, &name);
}

static void fixture_open(Fixture *f, bool pipes) {
        int p[2];

        *f = (Fixture) { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, NULL };
        SKIP_UNLESS(host_pty(&f->master, &f->peer) >= 0, "a devpts at /dev/pts");

        if (pipes) {
                CHECK_OK(pipe2(p, O_CLOEXEC));
                f->input = p[0];
                f->person = p[1];
                CHECK_OK(pipe2(p, O_CLOEXEC));
                f->screen = p[0];
                f->output = p[1];
        } else {
                CHECK_OK(host_pty(&f->person, &f->input));
                f->output = dup(f->input);
                f->screen = dup(f->person);
        }

}

/* A person at a terminal, or with @pipes at the ends of two pipes. */
static void fixture_init(Fixture *f, bool pipes, bool read_only) {
        fixture_open(f, pipes);
        CHECK_OK(relay_new(&(RelayOptions) { f->input, f->output, f->master, read_only }, &f->relay));
}

static void fixture_init_with_keys(Fixture *f, const char *keys) {
        fixture_open(f, /* pipes= */ false);
        CHECK_OK(relay_new(&(RelayOptions) {
                .input = f->input,
                .output = f->output,
                .master = f->master,
                .detach_keys = keys,
        }, &f->relay));
}

/* Lets the relay work until there is something to read at @fd; -1 for until
 * it ends. Returns what relay_dispatch() did. */
static int run_until(Fixture *f, int fd) {
        int r = 0;

        for (;;) {
                struct pollfd fds[] = { { relay_fd(f->relay), POLLIN, 0 }, { fd, POLLIN, 0 } };

                CHECK(poll(fds, 2, PATIENCE_MSEC) > 0);
                if (fds[1].revents & POLLIN)
                        return 0;

                r = relay_dispatch(f->relay);
                if (r != 0)
                        return r;
        }
}

/* Reads exactly @wanted from @fd. */
static void expect(Fixture *f, int fd, const char *wanted) {
        char got[256] = "";
        size_t n = 0;
        ssize_t k;

        while (n < strlen(wanted)) {
                CHECK_OK(run_until(f, fd));
                k = read(fd, got + n, strlen(wanted) - n);
                CHECK(k > 0);
                n += (size_t) k;
        }

        CHECK_STREQ(got, wanted);
}

static void type(int fd, const char *keys) {
        CHECK(write(fd, keys, strlen(keys)) == (ssize_t) strlen(keys));
}

static tcflag_t local_mode(int fd) {
        struct termios mode;

        CHECK_OK(tcgetattr(fd, &mode));
        return mode.c_lflag;
}

TEST(a_pty_is_one_of_the_devpts_it_was_asked_from) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int master = -EBADF, peer = -EBADF;
        _cleanup_free_ char *name = NULL, *path = NULL;
        struct stat a, b;

        SKIP_UNLESS(pty_open_beneath(root_fd, &master, &peer, &name) >= 0, "a devpts at /dev/pts");
        CHECK(startswith(name, "pts/"));
        CHECK(asprintf(&path, "/dev/%s", name) > 0);
        CHECK_OK(stat(path, &a));
        CHECK_OK(fstat(peer, &b));
        CHECK(a.st_rdev == b.st_rdev);
        CHECK(fcntl(master, F_GETFD) == FD_CLOEXEC);
        CHECK(fcntl(peer, F_GETFD) == FD_CLOEXEC);
        CHECK(fcntl(master, F_GETFL) & O_NONBLOCK);
        CHECK(!(fcntl(peer, F_GETFL) & O_NONBLOCK));
}

TEST(what_only_looks_like_a_multiplexer_is_not_opened) {
        char directory[] = "/tmp/test-relay-XXXXXX";
        _cleanup_close_ int root_fd = -EBADF, master = -EBADF;
        _cleanup_free_ char *name = NULL;

        CHECK(mkdtemp(directory));
        root_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK_OK(root_fd);

        CHECK_ERR(pty_open_beneath(root_fd, &master, NULL, &name), ENOENT);

        CHECK_OK(mkdirat(root_fd, "dev", 0755));
        CHECK_OK(mkdirat(root_fd, "dev/pts", 0755));
        CHECK_OK(mkfifoat(root_fd, "dev/pts/ptmx", 0666));
        CHECK_ERR(pty_open_beneath(root_fd, &master, NULL, &name), ENOTTY);

        /* A link that means the host's: it leads to the machine's own root. */
        CHECK_OK(unlinkat(root_fd, "dev/pts/ptmx", 0));
        CHECK_OK(symlinkat("/../../../../dev/pts/ptmx", root_fd, "dev/ptmx"));
        CHECK_ERR(pty_open_beneath(root_fd, &master, NULL, &name), ENOENT);

        CHECK_OK(unlinkat(root_fd, "dev/ptmx", 0));
        CHECK_OK(unlinkat(root_fd, "dev/pts", AT_REMOVEDIR));
        CHECK_OK(unlinkat(root_fd, "dev", AT_REMOVEDIR));
        CHECK_OK(rmdir(directory));
}

TEST(keys_go_in_and_text_comes_out) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, false, false);

        type(f.person, "ls\r");
        expect(&f, f.peer, "ls\n");             /* the machine's terminal makes lines, */
        expect(&f, f.screen, "ls\r\n");         /* and it alone echoes */

        type(f.peer, "file\n");
        expect(&f, f.screen, "file\r\n");
        CHECK(!relay_is_within_line(f.relay));
        type(f.peer, "$ ");
        expect(&f, f.screen, "$ ");
        CHECK(relay_is_within_line(f.relay));
        CHECK(relay_end(f.relay) == RELAY_GOES_ON);
}

TEST(the_terminal_is_raw_meanwhile_and_restored_afterwards) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, false, false);
        CHECK(!(local_mode(f.input) & (ICANON | ECHO | ISIG)));

        f.relay = relay_free(f.relay);
        CHECK((local_mode(f.input) & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG));
        CHECK(!(fcntl(f.input, F_GETFL) & O_NONBLOCK));
        CHECK(!(fcntl(f.output, F_GETFL) & O_NONBLOCK));
}

TEST(read_only_leaves_the_keyboard_alone) {
        _cleanup_(fixture_done) Fixture f;
        struct pollfd p;

        fixture_init(&f, false, true);
        CHECK((local_mode(f.input) & (ICANON | ISIG)) == (ICANON | ISIG));

        type(f.person, "x\r");
        type(f.peer, "boot\n");
        expect(&f, f.screen, "x\nboot\r\n");    /* x: echoed by the person's own terminal */

        p = (struct pollfd) { f.peer, POLLIN, 0 };
        CHECK(poll(&p, 1, 0) == 0);
        CHECK(relay_end(f.relay) == RELAY_GOES_ON);
}

TEST(three_escapes_within_a_second_end_it) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, false, false);
        type(f.person, "\x1d\x1d" "a" "\x1d\x1d");
        CHECK_OK(tcsetattr(f.peer, TCSANOW, &(struct termios) {}));
        expect(&f, f.peer, "\x1d\x1d" "a" "\x1d\x1d");
        CHECK(relay_end(f.relay) == RELAY_GOES_ON);

        type(f.person, "\x1d");
        CHECK(run_until(&f, -1) == 1);
        CHECK(relay_end(f.relay) == RELAY_ESCAPED);
}

TEST(other_keys_may_end_it_or_none) {
        _cleanup_(fixture_done) Fixture f, deaf;

        fixture_init_with_keys(&f, "\x10\x11");
        CHECK_OK(tcsetattr(f.peer, TCSANOW, &(struct termios) {}));
        type(f.person, "\x1d\x1d\x1d\x10" "a\x11\x10");
        expect(&f, f.peer, "\x1d\x1d\x1d\x10" "a\x11\x10");
        CHECK(relay_end(f.relay) == RELAY_GOES_ON);
        type(f.person, "\x11");
        CHECK(run_until(&f, -1) == 1);
        CHECK(relay_end(f.relay) == RELAY_ESCAPED);

        fixture_init_with_keys(&deaf, "");
        CHECK_OK(tcsetattr(deaf.peer, TCSANOW, &(struct termios) {}));
        type(deaf.person, "\x1d\x1d\x1d");
        expect(&deaf, deaf.peer, "\x1d\x1d\x1d");
        CHECK(relay_end(deaf.relay) == RELAY_GOES_ON);
}

TEST(a_pipe_does_not_escape) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, true, false);
        CHECK_OK(tcsetattr(f.peer, TCSANOW, &(struct termios) {}));
        type(f.person, "\x1d\x1d\x1d" "a");
        expect(&f, f.peer, "\x1d\x1d\x1d" "a");
        CHECK(relay_end(f.relay) == RELAY_GOES_ON);
}

TEST(escape_is_seen_though_the_machine_does_not_read) {
        _cleanup_(fixture_done) Fixture f;
        char much[1024];

        fixture_init(&f, false, false);
        CHECK_OK(tcsetattr(f.peer, TCSANOW, &(struct termios) {}));
        memset(much, 'x', sizeof(much));

        for (size_t n = 0; n < 40 * sizeof(much);) {
                struct pollfd p = { relay_fd(f.relay), POLLIN, 0 };
                ssize_t k = write(f.person, much, sizeof(much));

                if (k > 0)
                        n += (size_t) k;
                else
                        CHECK(poll(&p, 1, PATIENCE_MSEC) > 0);
                CHECK(relay_dispatch(f.relay) == 0);
        }

        type(f.person, "\x1d\x1d\x1d");
        CHECK(run_until(&f, -1) == 1);
        CHECK(relay_end(f.relay) == RELAY_ESCAPED);
}

TEST(the_end_of_a_pipe_ends_the_machines_input) {
        _cleanup_(fixture_done) Fixture f;
        char line[16];

        fixture_init(&f, true, false);
        type(f.person, "one\ntwo");
        closep(&f.person);
        f.person = -EBADF;

        CHECK_OK(run_until(&f, f.peer));
        CHECK(read(f.peer, line, sizeof(line)) == 4);

        /* Both keys, one to hand over the unfinished line, one to end. */
        CHECK_OK(run_until(&f, f.peer));
        CHECK(read(f.peer, line, sizeof(line)) == 3);
        CHECK_OK(run_until(&f, f.peer));
        CHECK(read(f.peer, line, sizeof(line)) == 0);
        CHECK(relay_end(f.relay) == RELAY_GOES_ON);
}

TEST(all_that_was_said_before_the_hangup_is_written) {
        _cleanup_(fixture_done) Fixture f;
        char got[64 * 1024];
        size_t sent = 0, n = 0;
        ssize_t k;

        fixture_init(&f, true, false);
        CHECK_OK(tcsetattr(f.peer, TCSANOW, &(struct termios) {}));
        CHECK_OK(fcntl(f.peer, F_SETFL, O_NONBLOCK));

        /* As much as goes in while nobody reads the other end. */
        memset(got, 'y', sizeof(got));
        while ((k = write(f.peer, got, 512)) > 0)
                sent += (size_t) k;
        closep(&f.peer);
        f.peer = -EBADF;
        CHECK(sent > 0);

        CHECK(run_until(&f, -1) == 1);
        CHECK(relay_end(f.relay) == RELAY_HUNG_UP);
        closep(&f.output);
        f.output = -EBADF;
        f.relay = relay_free(f.relay);

        while ((k = read(f.screen, got, sizeof(got))) > 0)
                n += (size_t) k;
        CHECK(n == sent);
}

TEST(a_slow_reader_stops_the_machine_and_loses_nothing) {
        _cleanup_(fixture_done) Fixture f;
        char block[4096];
        size_t sent = 0, got = 0;
        ssize_t k;

        fixture_init(&f, true, false);
        CHECK_OK(tcsetattr(f.peer, TCSANOW, &(struct termios) {}));
        CHECK_OK(fcntl(f.peer, F_SETFL, O_NONBLOCK));
        CHECK_OK(fcntl(f.output, F_SETPIPE_SZ, 4096));

        /* Until nothing more goes in: every buffer on the way is full. */
        for (int idle = 0; idle < 50;) {
                unsigned char byte = (unsigned char) (sent % 251);

                k = write(f.peer, &byte, 1);
                if (k > 0) {
                        sent += (size_t) k;
                        idle = 0;
                } else {
                        struct pollfd p = { relay_fd(f.relay), POLLIN, 0 };

                        idle++;
                        (void) poll(&p, 1, 1);
                        CHECK(relay_dispatch(f.relay) == 0);
                }
        }
        CHECK(sent > 64 * 1024);
        CHECK(sent < 1024 * 1024);

        closep(&f.peer);
        f.peer = -EBADF;
        while (got < sent) {
                (void) run_until(&f, f.screen);
                k = read(f.screen, block, sizeof(block));
                CHECK(k > 0);
                for (ssize_t i = 0; i < k; i++, got++)
                        CHECK((unsigned char) block[i] == got % 251);
        }
        CHECK(run_until(&f, -1) == 1);
}

TEST(it_ends_when_nobody_takes_the_output) {
        _cleanup_(fixture_done) Fixture f;

        (void) signal(SIGPIPE, SIG_IGN);
        fixture_init(&f, true, false);
        closep(&f.screen);
        f.screen = -EBADF;

        type(f.peer, "hello\n");
        CHECK(run_until(&f, -1) == 1);
        CHECK(relay_end(f.relay) == RELAY_DEAF);
}

TEST(it_ends_when_the_persons_terminal_is_hung_up) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, false, false);
        closep(&f.person);
        closep(&f.screen);
        f.person = f.screen = -EBADF;

        CHECK(run_until(&f, -1) == 1);
        CHECK(relay_end(f.relay) == RELAY_DEAF);
}

TEST(files_can_be_input_and_output) {
        _cleanup_(fixture_done) Fixture f = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, NULL };
        char got[64] = "", in[] = "/tmp/test-relay-XXXXXX", out[] = "/tmp/test-relay-XXXXXX";

        SKIP_UNLESS(host_pty(&f.master, &f.peer) >= 0, "a devpts at /dev/pts");
        f.input = mkstemp(in);
        f.output = mkstemp(out);
        CHECK_OK(unlink(in));
        CHECK_OK(unlink(out));
        CHECK(write(f.input, "from a file\n", 12) == 12);
        CHECK(lseek(f.input, 0, SEEK_SET) == 0);

        CHECK_OK(relay_new(&(RelayOptions) { f.input, f.output, f.master, false }, &f.relay));
        expect(&f, f.peer, "from a file\n");
        CHECK_OK(run_until(&f, f.peer));
        CHECK(read(f.peer, got, sizeof(got)) == 0);

        type(f.peer, "bye\n");
        closep(&f.peer);
        f.peer = -EBADF;
        CHECK(run_until(&f, -1) == 1);
        CHECK(pread(f.output, got, sizeof(got), 0) > 0);
        CHECK_STREQ(got, "from a file\r\nbye\r\n");
}

TEST(sockets_can_be_input_and_output) {
        _cleanup_(fixture_done) Fixture f = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, NULL };
        int pair[2];

        SKIP_UNLESS(host_pty(&f.master, &f.peer) >= 0, "a devpts at /dev/pts");
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
        f.input = pair[0];
        f.output = dup(pair[0]);
        f.person = pair[1];
        f.screen = dup(pair[1]);

        CHECK_OK(relay_new(&(RelayOptions) { f.input, f.output, f.master, false }, &f.relay));
        type(f.person, "a\n");
        expect(&f, f.peer, "a\n");
        expect(&f, f.screen, "a\r\n");
        CHECK(!(fcntl(f.input, F_GETFL) & O_NONBLOCK));
}

TEST(the_size_follows_the_persons_terminal) {
        _cleanup_(fixture_done) Fixture f;
        struct winsize size = { .ws_row = 33, .ws_col = 99 };

        fixture_init(&f, false, false);
        CHECK_OK(ioctl(f.person, TIOCSWINSZ, &size));
        relay_resize(f.relay);

        size = (struct winsize) {};
        CHECK_OK(ioctl(f.peer, TIOCGWINSZ, &size));
        CHECK(size.ws_row == 33);
        CHECK(size.ws_col == 99);
}

TEST(finish_writes_what_is_there_and_ends) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, false, false);
        CHECK(relay_dispatch(f.relay) == 0);
        type(f.peer, "last words\n");

        if (relay_finish(f.relay) == 0)
                expect(&f, f.screen, "last words\r\n");
        CHECK(relay_end(f.relay) == RELAY_HUNG_UP || run_until(&f, -1) == 1);
        CHECK(relay_end(f.relay) == RELAY_HUNG_UP);
}

/* What the header promises to who keeps the peer open: vhangup(), as getty
 * does it, and closing by all others is no end. */
TEST(a_peer_that_is_kept_open_keeps_the_console) {
        _cleanup_(fixture_done) Fixture f;
        char path[64];
        pid_t child;
        int status;

        fixture_init(&f, false, false);
        CHECK(ttyname_r(f.peer, path, sizeof(path)) == 0);

        child = fork();
        if (child == 0) {
                int fd;

                fd = setsid() < 0 ? -1 : open(path, O_RDWR);
                _exit(fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0 || write(fd, "hi\n", 3) != 3 ? 1 : 0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(status == 0);

        expect(&f, f.screen, "hi\r\n");
        CHECK(relay_dispatch(f.relay) == 0);
        CHECK(relay_end(f.relay) == RELAY_GOES_ON);
}

TEST_MAIN()
