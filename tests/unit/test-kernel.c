/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "lib/kernel/cgroup.h"
#include "lib/kernel/idmap.h"
#include "lib/kernel/process.h"
#include "lib/kernel/program.h"
#include "lib/kernel/uid-range.h"
#include "tests/lib/sleeper.h"
#include "tests/test.h"

TEST(a_pidfd_tells_its_process_until_it_is_reaped) {
        _cleanup_close_ int pidfd = -EBADF;
        ProcessIdentity identity, other;
        pid_t pid = start_sleeper(), again;
        uid_t uid;

        pidfd = process_open(pid);
        CHECK_OK(pidfd);
        CHECK_OK(process_pid(pidfd, &again));
        CHECK(again == pid);
        CHECK(process_is_pidfd(pidfd));
        CHECK(process_is_alive(pidfd));
        CHECK_OK(process_owner(pidfd, &uid));
        CHECK(uid == getuid());
        CHECK(process_shares_namespace(pidfd, "net") == 1);
        CHECK(process_is_owned_by(pidfd, getuid()) == 1);
        CHECK(process_is_owned_by(pidfd, getuid() + 1) == 0);
        CHECK_OK(process_parent(pid, &again));
        CHECK(again == getpid());

        CHECK_OK(process_identify(pidfd, &identity));
        (void) close(process_open_identified(pid, &identity));
        other = identity;
        other.pidfd_id++;
        other.start_time++;
        CHECK_ERR(process_open_identified(pid, &other), ESRCH);

        CHECK_OK(process_signal(pidfd, SIGKILL));
        CHECK(waitpid(pid, NULL, 0) == pid);
        CHECK(!process_is_alive(pidfd));
        CHECK_ERR(process_pid(pidfd, &again), ESRCH);
        CHECK_ERR(process_signal(pidfd, SIGTERM), ESRCH);
        CHECK_ERR(process_open_root(pidfd), ESRCH);
        CHECK_ERR(process_is_owned_by(pidfd, getuid()), ESRCH);
        CHECK_ERR(process_parent(pid, &again), ESRCH);
        CHECK_ERR(process_open_identified(pid, &identity), ESRCH);
}

static void check_status(pid_t pid, int wanted) {
        siginfo_t info;
        int status;

        _cleanup_close_ int pidfd = process_open(pid);

        CHECK_OK(pidfd);
        CHECK_OK(waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT));
        CHECK_OK(process_exit_status(pidfd, &status));
        CHECK(status == wanted);

        CHECK(waitpid(pid, NULL, 0) == pid);
        if (process_exit_status(pidfd, &status) >= 0) /* since 6.15 */
                CHECK(status == wanted);
}

TEST(how_a_process_has_ended_is_told_of_others_children_too) {
        _cleanup_close_ int pidfd = -EBADF;
        pid_t pid = start_sleeper();
        int status;

        pidfd = process_open(pid);
        CHECK_ERR(process_exit_status(pidfd, &status), EBUSY);
        CHECK_OK(process_signal(pidfd, SIGKILL));
        check_status(pid, SIGKILL);

        pid = fork();
        CHECK_OK(pid);
        if (pid == 0)
                _exit(7);
        check_status(pid, 7 << 8);
}

static void on_nothing(int signo) {
        (void) signo;
}

static ProcessSignals signals_of(uint64_t caught, uint64_t blocked) {
        return (ProcessSignals) { .caught = caught, .blocked = blocked };
}

TEST(an_init_is_known_by_the_signals_that_it_handles) {
        uint64_t term = SIGNAL_BIT(SIGTERM), power = SIGNAL_BIT(SIGPWR), systemd = SIGNAL_BIT(SIGRTMIN + 3);
        ProcessSignals s;

        s = signals_of(SIGNAL_BIT(SIGSEGV), systemd | power | term);
        CHECK(process_shutdown_signal(&s) == SIGRTMIN + 3);
        s = signals_of(term | power, ~(term | power)); /* OpenRC's */
        CHECK(process_shutdown_signal(&s) == SIGPWR);
        s = signals_of(0, term | power); /* a program that reads them */
        CHECK(process_shutdown_signal(&s) == SIGPWR);
        s = signals_of(systemd | term, 0); /* a script */
        CHECK(process_shutdown_signal(&s) == SIGRTMIN + 3);
        s = signals_of(term, 0);
        CHECK(process_shutdown_signal(&s) == SIGTERM);
        s = signals_of(SIGNAL_BIT(SIGCHLD), SIGNAL_BIT(SIGHUP));
        CHECK(process_shutdown_signal(&s) == 0);
}

TEST(handlers_and_blocked_signals_of_a_process_are_told) {
        _cleanup_close_ int self = process_open(getpid());
        ProcessSignals s;
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGRTMIN + 4);
        CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
        CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
        CHECK(signal(SIGUSR1, on_nothing) != SIG_ERR);
        CHECK_OK(process_signals(self, &s));
        CHECK(s.caught & SIGNAL_BIT(SIGUSR1));
        CHECK(!((s.caught | s.blocked) & SIGNAL_BIT(SIGUSR2)));
        CHECK(s.blocked & SIGNAL_BIT(SIGRTMIN + 4));
        CHECK(!(s.blocked & SIGNAL_BIT(SIGRTMIN + 3)));

        CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
        (void) signal(SIGUSR1, SIG_DFL);
        (void) signal(SIGUSR2, SIG_DFL);
}

TEST(something_else_is_no_pidfd) {
        pid_t pid;

        CHECK(!process_is_pidfd(STDIN_FILENO));
        CHECK(!process_is_pidfd(1 << 20));
        CHECK_ERR(process_pid(STDIN_FILENO, &pid), EBADF);
        CHECK_ERR(process_pid(1 << 20, &pid), EBADF);
}

static void check_unit(const char *path, const char *unit, const char *below, const char *unit_path) {
        _cleanup_free_ char *u = NULL, *b = NULL, *p = NULL;

        CHECK_OK(cgroup_unit(path, &u, &b));
        CHECK_STREQ(u, unit);
        CHECK_STREQ(b, below);
        CHECK_OK(cgroup_unit_path(path, &p));
        CHECK_STREQ(p, unit_path);
}

TEST(units_are_found_in_cgroup_paths) {
        char *unit = NULL;

        check_unit("/machine.slice/machine-web.scope", "machine-web.scope", "",
                   "/machine.slice/machine-web.scope");
        check_unit("/machine.slice/berth@web.service/payload/init.scope", "berth@web.service",
                   "payload/init.scope", "/machine.slice/berth@web.service");
        check_unit("/init.scope", "init.scope", "", "/init.scope");
        CHECK_ERR(cgroup_unit("/", &unit, NULL), ENXIO);
        CHECK_ERR(cgroup_unit("/foo/bar.scope", &unit, NULL), ENXIO);
        CHECK_ERR(cgroup_unit("/machine.slice", &unit, NULL), ENXIO);
        CHECK_ERR(cgroup_unit("/.scope", &unit, NULL), ENXIO);
}

TEST(maps_are_read) {
        IdMap map = {}, other = {};
        uint32_t id;

        CHECK_OK(idmap_parse("         0     100000      65536\n", &map));
        CHECK(map.n_ranges == 1 && map.ranges[0].outside == 100000 && !idmap_is_identity(&map));
        CHECK_OK(idmap_to_outside(&map, 65535, &id));
        CHECK(id == 165535);
        CHECK_ERR(idmap_to_outside(&map, 65536, &id), ENXIO);
        CHECK_OK(idmap_parse("0 100000 65535\n", &other));
        CHECK(!idmap_equal(&map, &other));
        idmap_done(&map);
        idmap_done(&other);

        CHECK_OK(idmap_parse("0 0 4294967295\n", &map));
        CHECK(idmap_is_identity(&map));
        idmap_done(&map);

        /* Nothing is written yet; nobody is known here. */
        CHECK_OK(idmap_parse("", &map));
        CHECK(map.n_ranges == 0 && !idmap_is_identity(&map));
        CHECK_OK(idmap_parse("0 4294967295 1\n5 6 0\n", &map));
        CHECK(map.n_ranges == 0);

        CHECK_ERR(idmap_parse("0 1 2", &map), EINVAL);
        CHECK_ERR(idmap_parse("0 1\n", &map), EINVAL);
        CHECK_ERR(idmap_parse("0 4294967290 100\n", &map), EINVAL);
}

TEST(cgroup_paths_cannot_climb) {
        static const char *const bad[] = { "", "x", "/..", "/a/../b", "/a/./b", "/a//b", "/a/" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_ERR(cgroup_open(bad[i]), EINVAL);
}

TEST(modes_of_terminals_are_words) {
        static const char *const bad[] = { "", "1:2:3:4", "1:2:3:x:", "1:2:3:4:0", "1:2:3:4:zz" };
        const TerminalModes modes = { 1, 0xffffffff, 3, 4, { 0, 0x1c, 0xff }, 3 };
        _cleanup_free_ char *word = NULL;
        TerminalModes read;

        CHECK_OK(terminal_modes_format(&modes, &word));
        CHECK_STREQ(word, "1:ffffffff:3:4:001cff");
        CHECK_OK(terminal_modes_parse(word, &read));
        CHECK(read.iflag == 1 && read.oflag == 0xffffffff && read.cflag == 3 && read.lflag == 4);
        CHECK(read.n_characters == 3 && read.characters[1] == 0x1c && read.characters[2] == 0xff);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_ERR(terminal_modes_parse(bad[i], &read), EINVAL);
}

TEST(terminals_take_modes_and_sizes) {
        const TerminalModes modes = { .iflag = ICRNL, .cflag = CS8 | CREAD, .lflag = ISIG,
                                      .characters = { 7 }, .n_characters = 1 };
        _cleanup_close_ int master = -EBADF, peer = -EBADF;
        TerminalIdentity one, same, other;
        struct winsize size;
        struct termios t;

        SKIP_UNLESS(openpty(&master, &peer, NULL, NULL, NULL) >= 0, "a devpts");
        CHECK_OK(terminal_modes_apply(peer, &modes));
        CHECK_OK(tcgetattr(peer, &t));
        CHECK(t.c_iflag == ICRNL && t.c_oflag == 0 && t.c_lflag == ISIG && t.c_cc[VINTR] == 7);
        CHECK(t.c_cc[VEOF] != 7 && (t.c_cflag & CBAUD) != 0);

        CHECK_OK(terminal_resize(peer, 33, 111));
        CHECK_OK(ioctl(master, TIOCGWINSZ, &size));
        CHECK(size.ws_row == 33 && size.ws_col == 111);

        CHECK_OK(terminal_identify(peer, &one));
        CHECK_OK(terminal_identify(peer, &same));
        CHECK_OK(terminal_identify(master, &other));
        CHECK(memcmp(&one, &same, sizeof(one)) == 0);
        CHECK(memcmp(&one, &other, sizeof(one)) != 0);
}

/* Trees that systemd-nspawn has shifted keep their users: foo-bar's is from its own run. */
TEST(a_name_has_the_range_that_nspawn_picks_for_it) {
        CHECK(uid_range_by_name("foo-bar") == 1197670400);
        CHECK(uid_range_by_name("") % UID_BLOCK == 0);
        CHECK(uid_range_by_name("") >= UID_POOL_MIN && uid_range_by_name("") <= UID_POOL_MAX);
}

TEST(a_copy_of_its_parent_has_executed_nothing) {
        _cleanup_close_ int own_fd = -EBADF, child_fd = -EBADF;
        pid_t pid;

        own_fd = process_open(getpid());
        CHECK_OK(own_fd);
        CHECK(process_has_executed(own_fd) == 1);

        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                (void) pause();
                _exit(EXIT_SUCCESS);
        }

        child_fd = process_open(pid);
        CHECK_OK(child_fd);
        CHECK(process_has_executed(child_fd) == 0);
        CHECK_OK(process_signal(child_fd, SIGKILL));
        CHECK(waitpid(pid, NULL, 0) == pid);
        CHECK_ERR(process_has_executed(child_fd), ESRCH);
}

TEST_MAIN()
