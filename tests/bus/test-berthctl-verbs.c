/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What berthctl asks the daemon to do, how it ends where that fails, and the terminals
 * that it is given. */

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/pty.h"
#include "tests/bus/client-daemon.h"
#include "tests/test.h"

static void check_call(const char *line, const char *wanted) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, line);
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "");
        CHECK_STREQ(d.errors, "");
        CHECK(strv_length(d.calls) == 1);
        CHECK_STREQ(d.calls[0], wanted);
}

TEST(verbs_make_the_calls_that_machinectls_make) {
        _cleanup_free_ char *poweroff = NULL;

        CHECK_OK(text_printf(&poweroff, "KillMachine web leader %i", SIGRTMIN + 4));
        check_call("berthctl poweroff web", poweroff);
        check_call("berthctl reboot web", "KillMachine web leader 2");
        check_call("berthctl restart web", "KillMachine web leader 2");
        check_call("berthctl terminate web", "TerminateMachine web");
        check_call("berthctl kill web", "KillMachine web all 15");
        check_call("berthctl kill -s KILL --kill-whom=leader web", "KillMachine web leader 9");
        check_call("berthctl start web", "StartMachine web");
        check_call("berthctl freeze web", "Freeze");
        check_call("berthctl pause web", "Freeze");
        check_call("berthctl thaw web", "Thaw");
        check_call("berthctl resume web", "Thaw");
        check_call("berthctl set web MemoryMax=1G AllowedCPUs=0-1", "SetProperties");
        check_call("berthctl --quiet stop web", "StopMachine web");
}

TEST(stop_says_how_machines_have_ended) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.n_wanted = 2; /* in parallel, too */
        daemon_run(&d, "berthctl stop --timeout=5 web db");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "Machine 'db' was killed.\nMachine 'web' has shut down.\n");
}

TEST(one_that_fails_does_not_keep_the_others) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.n_wanted = 3; /* in parallel, too */
        daemon_run(&d, "berthctl terminate web gone db");
        CHECK(d.status == 1);
        CHECK(strv_length(d.calls) == 3);
        CHECK(strv_contains(d.calls, "TerminateMachine db"));
        CHECK_STREQ(d.errors, "Could not terminate machine 'gone': "
                              "No machine 'gone' known?]0;gotcha???31m\n");
}

static void check_refusal(const char *line, const char *wanted) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, line);
        CHECK(d.status == 1);
        CHECK_STREQ(d.output, "");
        CHECK_STREQ(d.errors, wanted);
        CHECK(!d.calls);
}

TEST(bad_command_lines_ask_for_nothing) {
        check_refusal("berthctl frobnicate", "Unknown command verb frobnicate.\n");
        check_refusal("berthctl status", "Too few arguments.\n");
        check_refusal("berthctl kill", "Too few arguments.\n");
        check_refusal("berthctl list web", "Too many arguments.\n");
        check_refusal("berthctl start ../etc", "Invalid machine name: '../etc'\n");
        check_refusal("berthctl shell @web", "Invalid user name in '@web'.\n");
        check_refusal("berthctl shell web bin/sh", "Path 'bin/sh' is not absolute.\n");
}

static void daemon_open_terminal(Daemon *d) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *name = NULL;

        SKIP_UNLESS(pty_open_beneath(root_fd, &d->master, &d->peer, &name) >= 0, "a devpts at /dev/pts");
        free(TAKE_PTR(name));
        CHECK_OK(pty_open_beneath(root_fd, &d->keyboard, &d->input, &name));
}

TEST(a_shell_of_the_daemon_is_connected) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_terminal(&d);
        CHECK(write(d.peer, "hello from inside\n", 18) == 18);
        closep(&d.peer);
        d.peer = -EBADF;

        daemon_run(&d, "berthctl shell -E A=b -E TERM=vt52 me@web");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[0], "OpenMachineShell web me  [] [A=b,TERM=vt52]");
        CHECK_STREQ(d.output, "hello from inside\r\n");
        CHECK(strstr(d.errors, "Connected to machine web."));
        CHECK(strstr(d.errors, "Connection to machine web terminated."));
}

TEST(a_login_of_the_daemon_is_connected_quietly) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_terminal(&d);
        closep(&d.peer); /* as a getty does, which then opens it again */
        d.peer = -EBADF;
        CHECK(write(d.keyboard, "\035\035\035", 3) == 3);

        daemon_run(&d, "berthctl -q login web");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[0], "OpenMachineLogin web");
        CHECK_STREQ(d.errors, "");
}

TEST(a_shell_that_the_daemon_refuses_is_not_opened_another_way) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_terminal(&d);
        closep(&d.master); /* to be refused */
        d.master = -EBADF;
        daemon_run(&d, "berthctl shell web");
        CHECK(d.status == 1);
        CHECK(strv_length(d.calls) == 1);
        CHECK_STREQ(d.errors, "Failed to get shell PTY: Not you\n");
}

TEST(only_what_could_be_refused_has_somebody_asked) {
        static const struct {
                const char *line;
                unsigned n;
        } table[] = {
                { "berthctl terminate web db",                    2 },
                { "berthctl --no-ask-password terminate web db",  0 },
                { "berthctl list",                                0 },
                { "berthctl status web -n 0",                     0 },
                { "berthctl show web",                            0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(daemon_done) Daemon d;

                daemon_init(&d);
                daemon_run(&d, table[i].line);
                CHECK(d.status == 0);
                CHECK(d.n_interactive == table[i].n);
        }
}

TEST(events_end_when_they_are_told_to_though_nobody_answers) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.tells_events = d.falls_silent = true;
        daemon_run(&d, "berthctl events --output=json web");
        CHECK(d.status == 0);
        CHECK(strstr(d.output, "\"event\":\"exited\""));
        CHECK(strstr(d.errors, "berthd has gone"));
}

TEST(without_a_daemon_it_says_so) {
        _cleanup_(daemon_done) Daemon d;
        int nobody[2];

        daemon_init(&d);
        closep(&d.listen_fd);
        CHECK_OK(pipe2(nobody, O_CLOEXEC));
        d.listen_fd = nobody[0];

        daemon_run(&d, "berthctl list");
        (void) close(nobody[1]);
        CHECK(d.status == 1);
        CHECK_STREQ(d.errors, "Cannot reach berthd: Connection refused\n");
}

TEST_MAIN()
