/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs in machines, as berthctl starts them and sees to their end: exec, and what shell
 * and login come down to. */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/kernel/pty.h"
#include "tests/bus/client-daemon.h"
#include "tests/test.h"

static void check_status(const char *script, int status) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.script = script;
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK_STREQ(d.errors, "");
        CHECK(d.status == status);
}

TEST(a_programs_status_is_ours) {
        check_status("exit 0", 0);
        check_status("exit 7", 7);
        check_status("kill -TERM $$", 143);
        check_status("kill -KILL $$", 137);
}

static void check_refusal(const char *error, const char *line, int status, const char *errors) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.exec_error = error;
        daemon_run(&d, line);
        CHECK_STREQ(d.errors, errors);
        CHECK(d.status == status);
}

#define REFUSAL "Cannot run 'ls' in machine 'web': Not today?]0;gotcha???31m\n"

TEST(a_program_that_was_not_started_has_podmans_statuses) {
        check_refusal("org.berth.NotFound", "berthctl exec web ls", 127, REFUSAL);
        check_refusal("org.berth.NotExecutable", "berthctl exec web ls", 126, REFUSAL);
        check_refusal(SD_BUS_ERROR_ACCESS_DENIED, "berthctl exec web ls", 125, REFUSAL);
        check_refusal(SD_BUS_ERROR_UNKNOWN_OBJECT, "berthctl exec web ls", 125, "No machine 'web' known\n");
        check_refusal(SD_BUS_ERROR_UNKNOWN_METHOD, "berthctl exec web ls", 125,
                      "The daemon of this host cannot run programs in machines.\n");
}

TEST(a_bad_command_line_of_exec_has_its_own_status) {
        check_refusal(NULL, "berthctl exec", 125, "Too few arguments.\n");
        check_refusal(NULL, "berthctl exec web", 125, "Too few arguments.\n");
        check_refusal(NULL, "berthctl exec @web ls", 125, "Invalid user name in '@web'.\n");
        check_refusal(NULL, "berthctl exec --tty=perhaps web ls", 125,
                      "Failed to parse --tty: 'perhaps' is not yes, no or auto.\n");
        check_refusal(NULL, "berthctl exec --detach-keys=ctrl-p, web ls", 125,
                      "Failed to parse keys 'ctrl-p,'.\n");
        check_refusal(NULL, "berthctl exec -dt web ls", 125, "--detach goes without a terminal.\n");
}

TEST(what_is_asked_for_is_handed_on) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl exec -i -e A=b --setenv C=d -w /srv me@web -- true -x --tty");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[0], "Exec [true,-x,--tty]");
        CHECK_STREQ(d.calls[1], "options user=me directory=/srv environment=A=b,C=d "
                                "stdout=pipe stderr=pipe");
}

TEST(a_user_may_be_an_option) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl -u 1000 exec web true");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[1], "options user=1000 stdout=pipe stderr=pipe");
}

static int input_with(const char *text) {
        int fd = memfd_create("input", MFD_CLOEXEC);

        CHECK_OK(fd);
        CHECK(write(fd, text, strlen(text)) == (ssize_t) strlen(text));
        CHECK(lseek(fd, 0, SEEK_SET) == 0);
        return fd;
}

TEST(input_ends_there_too_and_outputs_stay_apart) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.input = input_with("one\ntwo\n");
        d.script = "cat; echo three >&2";
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "one\ntwo\n");
        CHECK_STREQ(d.errors, "three\n");
}

/* More than the pipe and we hold. */
TEST(a_file_that_is_not_read_to_its_end_is_no_error) {
        char block[65536];
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.input = input_with("");
        (void) memset(block, 'x', sizeof(block));
        for (size_t i = 0; i < 64; i++)
                CHECK(write(d.input, block, sizeof(block)) == sizeof(block));
        CHECK(lseek(d.input, 0, SEEK_SET) == 0);
        d.script = "head -c 3 | tr x y; exec <&-; echo closed";
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "yyyclosed\n");
}

static pid_t printed_pid(const Daemon *d) {
        _cleanup_free_ char *line = strndup(d->output, strcspn(d->output, "\n"));
        pid_t pid;

        CHECK_OK(parse_pid(line, &pid));
        return pid;
}

TEST(output_of_a_program_that_somebody_else_goes_on_with_is_not_waited_for) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.script = "sleep 1000 & echo $!";
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK(d.status == 0);
        CHECK_OK(kill(printed_pid(&d), SIGKILL));
}

/* Nobody stands between. */
TEST(pipes_are_handed_over) {
        _cleanup_(daemon_done) Daemon d;
        int fds[2];

        daemon_init(&d);
        CHECK_OK(pipe2(fds, O_CLOEXEC));
        d.input = fds[0];
        CHECK(write(fds[1], "from a pipe\n", 12) == 12);
        (void) close(fds[1]);
        daemon_run(&d, "berthctl exec web cat");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[1], "options stdin=pipe stdout=pipe stderr=pipe");
        CHECK_STREQ(d.output, "from a pipe\n");
}

static void check_closed(int fd, const char *options) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.input = input_with("");
        d.closes = fd;
        daemon_run(&d, "berthctl exec web true");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[1], options);
}

/* Or what we open next would get its number, and go to the machine in its place. */
TEST(what_is_closed_is_nothing) {
        check_closed(STDIN_FILENO, "options stdout=pipe stderr=pipe");
        check_closed(STDOUT_FILENO, "options stdin=pipe stderr=pipe");
        check_closed(STDERR_FILENO, "options stdin=pipe stdout=pipe");
}

/* It is us who hear that nobody reads any more, if anybody does: so we may not keep it. */
TEST(a_pipe_that_the_program_closes_is_closed) {
        _cleanup_(daemon_done) Daemon d;
        int fds[2];

        daemon_init(&d);
        CHECK_OK(pipe2(fds, O_CLOEXEC));
        d.input = fds[0];
        d.watched = fds[1];
        d.script = "exec <&-; exec sleep 1000";
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK(d.status == 143);
}

TEST(signals_are_passed_on) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.signal_early = SIGTERM;
        daemon_run(&d, "berthctl exec web sleep 1000");
        CHECK(d.status == 143);
        CHECK(strv_contains(d.calls, "Kill 15"));
}

TEST(a_program_may_catch_them) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.script = "sleep 1000 & trap 'kill $!; exit 9' USR1; kill -USR1 $(cat); wait";
        CHECK_OK(d.input = memfd_create("input", MFD_CLOEXEC));
        d.tells_client = true;
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK(d.status == 9);
        CHECK(strv_contains(d.calls, "Kill 10"));
}

TEST(who_insists_leaves_the_program_alone) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.script = "kill -INT $(cat); exec sleep 1000";
        CHECK_OK(d.input = memfd_create("input", MFD_CLOEXEC));
        d.tells_client = d.spares_programs = true;
        d.urges = 2;
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK(d.status == 130);
        CHECK_STREQ(d.errors, "The program in machine 'web' does not end; it is left there.\n");
        CHECK_OK(kill(d.program, SIGKILL));
}

TEST(a_daemon_that_is_gone_meanwhile_leaves_the_program_and_not_its_status) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.forgets_programs = true;
        d.script = "sleep 0.2; echo still here; exit 3";
        daemon_run(&d, "berthctl exec web sh -c SCRIPT");
        CHECK_STREQ(d.output, "still here\n");
        /* Linux remembers it from 6.15 on. */
        if (d.status != 3) {
                CHECK(d.status == 125);
                CHECK_STREQ(d.errors, "The program in machine 'web' has ended, "
                                      "but the daemon cannot tell how.\n");
        }
}

TEST(a_detached_program_is_known_by_its_pid) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.input = input_with("not for it");
        daemon_run(&d, "berthctl exec -d web sleep 1000");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[1], "options");
        CHECK(printed_pid(&d) == d.program);
        CHECK_OK(kill(d.program, SIGKILL));
}

static void daemon_open_keyboard(Daemon *d) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *name = NULL;

        SKIP_UNLESS(pty_open_beneath(root_fd, &d->keyboard, &d->input, &name) >= 0, "a devpts at /dev/pts");
}

TEST(a_terminal_is_made_as_the_persons_is) {
        const struct winsize size = { .ws_row = 33, .ws_col = 111 };
        _cleanup_(daemon_done) Daemon d;
        struct termios mode;

        daemon_init(&d);
        daemon_open_keyboard(&d);
        CHECK_OK(ioctl(d.input, TIOCSWINSZ, &size));
        CHECK_OK(tcgetattr(d.input, &mode));
        mode.c_cc[VERASE] = 'x';
        CHECK_OK(tcsetattr(d.input, TCSANOW, &mode));

        d.script = "stty size; tty >&2; exit 5";
        daemon_run(&d, "berthctl exec -t -e TERM=vt52 web sh -c SCRIPT");
        CHECK(d.status == 5);
        CHECK_STREQ(d.calls[1], "options environment=TERM=vt52 terminal rows=33 columns=111 "
                                "modes=canonical erase=x");
        CHECK(startswith(d.output, "33 111\r\n/dev/pts/"));
        CHECK_STREQ(d.errors, "");

        /* As it was. */
        CHECK_OK(tcgetattr(d.input, &mode));
        CHECK(mode.c_lflag & ICANON);
}

static void check_tty(const char *line, bool wanted) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_keyboard(&d);
        daemon_run(&d, line);
        CHECK(d.status == 0);
        CHECK(!!strstr(d.calls[1], " terminal") == wanted);
}

/* Output is a file here. */
TEST(a_terminal_is_made_if_it_is_wanted) {
        check_tty("berthctl exec web true", false);
        check_tty("berthctl exec --tty=auto web true", false);
        check_tty("berthctl exec --tty=no web true", false);
        check_tty("berthctl exec --tty web true", true);
        check_tty("berthctl exec --tty=yes web true", true);
}

TEST(a_session_ends_by_the_keys_that_were_chosen) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_keyboard(&d);
        CHECK(write(d.keyboard, "\035\035\035\020x", 5) == 5);
        daemon_run(&d, "berthctl exec -t --detach-keys=ctrl-p,x web cat");
        CHECK(d.status == 0);
        CHECK(d.program == 0 || kill(d.program, SIGKILL) == 0);
}

TEST(input_that_is_no_terminal_ends_on_one_all_the_same) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.input = input_with("typed\n");
        daemon_run(&d, "berthctl exec -t web cat");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "typed\r\ntyped\r\n");
}

TEST(a_shell_without_a_bus_in_the_machine_is_a_program_of_the_daemons) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_keyboard(&d);
        d.shell_error = SD_BUS_ERROR_FILE_NOT_FOUND;
        CHECK(write(d.keyboard, "exit 4\n", 7) == 7);
        daemon_run(&d, "berthctl shell me@web");
        CHECK(d.status == 4);
        CHECK(startswith(d.calls[0], "OpenMachineShell web me"));
        CHECK_STREQ(d.calls[1], "Exec []");
        CHECK(startswith(d.calls[2], "options user=me terminal "));
        CHECK(strstr(d.errors, "Connected to machine web."));
        CHECK(strstr(d.errors, "Connection to machine web terminated."));
}

TEST(a_command_of_the_shell_by_root_has_its_status) {
        _cleanup_(daemon_done) Daemon d;

        SKIP_UNLESS(geteuid() == 0, "root, whom machines belong to");
        daemon_init(&d);
        d.script = "exit 6";
        daemon_run(&d, "berthctl -q shell web /bin/sh -c SCRIPT");
        CHECK(d.status == 6);
        CHECK_STREQ(d.calls[0], "Exec [/bin/sh,-c,exit 6]");
        CHECK_STREQ(d.errors, "");
}

TEST(a_refused_command_of_the_shell_is_not_run_another_way) {
        SKIP_UNLESS(geteuid() == 0, "root, whom machines belong to");
        check_refusal(SD_BUS_ERROR_ACCESS_DENIED, "berthctl shell web ls", 1,
                      "Path 'ls' is not absolute.\n");
        check_refusal(SD_BUS_ERROR_ACCESS_DENIED, "berthctl shell web /ls", 1,
                      "Cannot run '/ls' in machine 'web': Not today?]0;gotcha???31m\n");
}

TEST_MAIN()
