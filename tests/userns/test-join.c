/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/idmap.h"
#include "lib/kernel/join.h"
#include "lib/kernel/process.h"
#include "lib/kernel/pty.h"
#include "lib/kernel/sealed.h"
#include "tests/test.h"
#include "tests/userns/leader.h"

#define OUTPUT_MAX 8192

/* Entering needs the right to do so in our own user namespace, too. */
#define NEEDS_ROOT() SKIP_UNLESS(geteuid() == 0, "root")

static int join(
                const Leader *f,
                const char *const *argv,
                int output,
                JoinResult *ret,
                JoinStage *ret_stage) {

        JoinRequest request = {
                .leader = f->pidfd,
                .stdio = { STDIN_FILENO, output, STDERR_FILENO },
                .program = argv[0],
                .argv = (char **) argv,
                .environment = (char *[]) { (char *) "WHO=me", NULL },
                .directory = "/usr",
        };

        return join_start(&request, ret, ret_stage);
}

/* Runs a script inside; returns its output, and checks its exit status. */
static char *run_inside(const Leader *f, const char *script, int wanted_status) {
        _cleanup_close_ int read_fd = -EBADF;
        char *text = NULL;
        JoinResult result;
        siginfo_t info;
        int p[2];

        CHECK_OK(pipe2(p, O_CLOEXEC));
        read_fd = p[0];
        CHECK_OK(join(f, (const char *const[]) { "/bin/sh", "-c", script, NULL }, p[1], &result, NULL));
        closep(&p[1]);

        CHECK_OK(fd_read_all(read_fd, OUTPUT_MAX, &text, NULL));
        CHECK_OK(waitid(P_PIDFD, (id_t) result.pidfd, &info, WEXITED));
        CHECK(info.si_code == CLD_EXITED);
        if (info.si_status != wanted_status)
                print_error("status %i, not %i: %s\n", info.si_status, wanted_status, text);
        CHECK(info.si_status == wanted_status);
        closep(&result.pidfd);
        return text;
}

static void check_inside(const char *script, const char *wanted) {
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        _cleanup_free_ char *text = NULL;

        leader_init(&f, CLONE_NEWCGROUP);
        text = run_inside(&f, script, 0);
        CHECK_STREQ(text, wanted);
}

TEST(the_program_is_in_all_namespaces_of_the_leader) {
        NEEDS_ROOT();

        check_inside("for n in mnt uts ipc net pid cgroup time; do"
                     " readlink /proc/1/ns/$n; readlink /proc/self/ns/$n; done"
                     " | uniq -c | while read -r n _; do echo $n; done;"
                     " uname -n; pwd; echo $WHO; echo $PPID",
                     "2\n2\n2\n2\n2\n2\n2\njoined\n/usr\nme\n0\n");
}

TEST(its_exit_status_comes_back) {
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        _cleanup_free_ char *text = NULL;

        NEEDS_ROOT();
        leader_init(&f, 0);
        text = run_inside(&f, "exit 42", 42);
        CHECK_STREQ(text, "");
}

TEST(no_descriptor_of_ours_gets_there) {
        int leaked;

        NEEDS_ROOT();
        leaked = open("/", O_RDONLY | O_DIRECTORY); /* not close-on-exec, as a careless library has it */
        CHECK_OK(leaked);
        CHECK_OK(dup2(leaked, 99));

        check_inside("cd /proc/self/fd && echo [0-9]*", "0 1 2 3\n"); /* 3: the shell's, of the directory */
        (void) close(leaked);
        (void) close(99);
}

TEST(it_has_no_more_privileges_than_the_leader) {
        NEEDS_ROOT();

        check_inside("for k in CapBnd NoNewPrivs; do"
                     " grep $k: /proc/1/status /proc/self/status | sed s/.*:// | uniq | wc -l; done;"
                     "grep -c -E 'Cap(Inh|Amb):.0*$' /proc/self/status; grep NoNewPrivs /proc/self/status",
                     "1\n1\n2\nNoNewPrivs:\t1\n");
}

TEST(handlers_and_masks_of_ours_are_not_its_own) {
        sigset_t set;

        NEEDS_ROOT();
        (void) sigfillset(&set);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        check_inside("grep -c -E 'Sig(Blk|Ign):.0*$' /proc/self/status", "2\n");
        (void) signal(SIGPIPE, SIG_DFL);
        (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST(what_failed_is_told) {
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        JoinResult result;
        JoinStage stage;

        NEEDS_ROOT();
        leader_init(&f, 0);

        CHECK_ERR(join(&f, (const char *const[]) { "/nonexistent", NULL }, 1, &result, &stage), ENOENT);
        CHECK(stage == JOIN_EXEC);
        CHECK_ERR(join(&f, (const char *const[]) { "/etc/passwd", NULL }, 1, &result, &stage), EACCES);
        CHECK(stage == JOIN_EXEC);

        /* No child is left behind by what failed: only the leader is there. */
        CHECK(waitpid(-1, NULL, WNOHANG) == 0);
        CHECK_OK(process_signal(f.pidfd, SIGKILL));
        CHECK(waitpid(-1, NULL, 0) == f.pid);
        CHECK(waitpid(-1, NULL, WNOHANG) < 0);
        CHECK_ERR(join(&f, (const char *const[]) { "/bin/true", NULL }, 1, &result, &stage), ESRCH);
}

static int join_by_name(const Leader *f, const char *path, const char *directory, JoinStage *ret_stage) {
        const char *const argv[] = { "true", NULL };
        JoinResult result = { .pidfd = -EBADF };
        int r;

        r = join_start(&(JoinRequest) {
                .leader = f->pidfd,
                .stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
                .program = argv[0],
                .argv = (char **) argv,
                .environment = (char *[]) { (char *) path, NULL },
                .directory = directory,
                .needs_directory = directory,
        }, &result, ret_stage);
        if (r >= 0)
                CHECK(waitpid(result.pid, NULL, 0) == result.pid);
        closep(&result.pidfd);
        return r;
}

TEST(a_name_is_looked_for_as_shells_do) {
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        JoinStage stage;

        NEEDS_ROOT();
        leader_init(&f, 0);

        CHECK_OK(join_by_name(&f, "PATH=/nonexistent:/etc/passwd:/usr/bin", NULL, &stage));
        CHECK_OK(join_by_name(&f, "NOPATH=", NULL, &stage));
        CHECK_ERR(join_by_name(&f, "PATH=/etc:/tmp/nonexistent", NULL, &stage), ENOENT);
        CHECK(stage == JOIN_EXEC);
        CHECK_OK(join_by_name(&f, "PATH=/usr/bin", "/usr", &stage));
        CHECK_ERR(join_by_name(&f, "PATH=/usr/bin", "/nonexistent", &stage), ENOENT);
        CHECK(stage == JOIN_DIRECTORY);
}

TEST(its_resource_limits_are_those_of_the_leader) {
        const struct rlimit few = { .rlim_cur = 77, .rlim_max = 78 };
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        _cleanup_free_ char *text = NULL;

        NEEDS_ROOT();
        leader_init(&f, 0);
        CHECK_OK(prlimit(f.pid, RLIMIT_NOFILE, &few, NULL));
        text = run_inside(&f, "ulimit -Sn; ulimit -Hn", 0);
        CHECK_STREQ(text, "77\n78\n");
}

/* Runs a script on a terminal inside, as the user given; returns its output. */
static void run_on_terminal(
                const Leader *f,
                uid_t uid,
                const char *script,
                char **ret_name,
                char text[static 256]) {

        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int master = -EBADF, peer = -EBADF;
        const char *const argv[] = { "/bin/sh", "-c", script, NULL };
        struct winsize size = { .ws_row = 40, .ws_col = 120 };
        JoinRequest request = {
                .leader = f->pidfd, .terminal = true, .uid = uid, .gid = uid,
                .program = argv[0], .argv = (char **) argv,
        };
        JoinResult result;
        JoinStage stage;
        size_t k = 0;
        ssize_t n;

        SKIP_UNLESS(pty_open_beneath(root_fd, &master, &peer, ret_name) >= 0, "a devpts at /dev/pts");
        CHECK_OK(ioctl(master, TIOCSWINSZ, &size));
        CHECK_OK(fcntl(master, F_SETFL, 0));

        request.stdio[0] = request.stdio[1] = request.stdio[2] = peer;
        CHECK_OK(join_start(&request, &result, &stage));
        closep(&peer);
        peer = -EBADF;

        while ((n = read(master, text + k, 255 - k)) > 0)
                k += (size_t) n;
        text[k] = 0;

        CHECK(waitpid(result.pid, NULL, 0) == result.pid);
        closep(&result.pidfd);
}

TEST(a_terminal_becomes_that_of_its_session) {
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        _cleanup_free_ char *name = NULL;
        char text[256], wanted[256];

        NEEDS_ROOT();
        leader_init(&f, 0);
        run_on_terminal(&f, 0, "stty size; tty; : > /dev/tty && echo controlling", &name, text);
        snprintf(wanted, sizeof(wanted), "40 120\r\n/dev/%s\r\ncontrolling\r\n", name);
        CHECK_STREQ(text, wanted);
}

TEST(a_machine_with_users_of_its_own_can_be_joined) {
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        _cleanup_free_ char *name = NULL;
        char text[256];

        NEEDS_ROOT();
        leader_init(&f, CLONE_NEWUSER);
        run_on_terminal(&f, 1000, "id -u; id -g; stat -c %u $(tty); awk '{print $2}' /proc/self/uid_map; "
                                  "grep CapPrm /proc/self/status", &name, text);
        CHECK_STREQ(text, "1000\r\n1000\r\n1000\r\n100000\r\nCapPrm:\t0000000000000000\r\n");
}

/* What a machine does that makes who enters it run himself: whose file it gets. */
static _Noreturn void be_attacked(void) {
        _cleanup_(leader_done) Leader f = { .pidfd = -EBADF };
        const char *const argv[] = { "/proc/self/exe", NULL };
        JoinRequest request = {
                .stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
                .program = argv[0],
                .argv = (char **) argv,
                .environment = (char *[]) { (char *) "TEST_ROLE=booty", NULL },
        };
        JoinResult result;
        siginfo_t info;

        if (sealed_exec_self((char **) argv) < 0)
                _exit(EXIT_FAILURE);

        leader_init(&f, 0);
        request.leader = f.pidfd;
        if (join_start(&request, &result, NULL) < 0 ||
            waitid(P_PIDFD, (id_t) result.pidfd, &info, WEXITED) < 0)
                _exit(EXIT_FAILURE);

        leader_done(&f);
        f.pidfd = -EBADF;
        _exit(info.si_status);
}

/* We are that file: tells what it is, and whether one could write to it later. */
static _Noreturn void be_booty(void) {
        char link[64];
        ssize_t n;
        int fd;

        n = readlink("/proc/self/exe", link, sizeof(link) - 1);
        link[MAX(n, 0)] = 0;
        fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        _exit(startswith(link, "/memfd:") && fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE ? 42 : EXIT_FAILURE);
}

static void __attribute__((constructor)) play_role(void) {
        const char *role = getenv("TEST_ROLE");

        if (streq_ptr(role, "attacked"))
                be_attacked();
        if (streq_ptr(role, "booty"))
                be_booty();
}

TEST(a_machine_that_makes_us_run_ourselves_gets_no_file_of_the_host) {
        pid_t pid;
        int status;

        NEEDS_ROOT();
        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                (void) setenv("TEST_ROLE", "attacked", true);
                (void) execl("/proc/self/exe", "test", NULL);
                _exit(EXIT_FAILURE);
        }

        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

TEST(ids_are_translated_by_the_map) {
        uint32_t id;

        CHECK_OK(idmap_to_host("         0     100000      65536\n", 0, &id));
        CHECK(id == 100000);
        CHECK_OK(idmap_to_host("0 1000 1\n1 200000 10\n", 10, &id));
        CHECK(id == 200009);
        CHECK_ERR(idmap_to_host("0 1000 1\n1 200000 10\n", 11, &id), ENXIO);
        CHECK_OK(idmap_to_host("         0          0 4294967295\n", 4294967294, &id));
        CHECK(id == 4294967294);
        CHECK_ERR(idmap_to_host("", 0, &id), ENXIO);
        CHECK_ERR(idmap_to_host("0 0 garbage\n", 0, &id), EINVAL);
        CHECK_ERR(idmap_to_host("0 0 1", 0, &id), EINVAL);
}

TEST_MAIN()
