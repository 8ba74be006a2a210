/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/note.h"
#include "lib/kernel/privileges.h"
#include "lib/kernel/process.h"
#include "lib/kernel/spawn.h"
#include "lib/spec/capability.h"
#include "runtime/journal-remote.h"
#include "runtime/notify.h"

#define START_USEC (30 * USEC_PER_SEC)
#define STOP_USEC (10 * USEC_PER_SEC)

#define NOTIFY_NAME "journal-remote-notify"

/* The first one of sd_listen_fds(3), and spawn()'s extra one. */
#define LISTEN_FD 3

#define VERSION_SIZE_MAX 4096

/* What it takes to write into a directory of somebody else's. */
#define KEPT (CAPABILITY_BIT(CAP_DAC_OVERRIDE) | CAPABILITY_BIT(CAP_FOWNER))

static const char *find_program(void) {
        static const char *const paths[] = {
                "/usr/lib/systemd/systemd-journal-remote", "/lib/systemd/systemd-journal-remote",
        };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                if (access(paths[i], X_OK) >= 0)
                        return paths[i];

        return NULL;
}

bool journal_remote_is_there(void) {
        return find_program();
}

static void reap(int pidfd) {
        siginfo_t si;

        while (waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED) < 0 && errno == EINTR)
                ;
}

void journal_remote_stop(JournalRemote *remote) {
        struct pollfd p = { .fd = remote->pidfd, .events = POLLIN };

        if (remote->pidfd >= 0) {
                (void) process_signal(remote->pidfd, SIGTERM);
                if (clock_poll(&p, 1, clock_now_usec() + STOP_USEC) <= 0)
                        (void) process_signal(remote->pidfd, SIGKILL);
                reap(remote->pidfd);
        }

        closep(&remote->pidfd);
        closep(&remote->said_fd);
        *remote = JOURNAL_REMOTE_NONE;
}

int journal_remote_version(void) {
        static char *const argv[] = { (char *) "systemd-journal-remote", (char *) "--version", NULL };
        _cleanup_close_ int out_fd = -EBADF, in_fd = -EBADF, pidfd = -EBADF;
        _cleanup_free_ char *text = NULL;
        const char *program = find_program(), *number;
        int pipe_fds[2], r;
        unsigned version;

        if (!program)
                return -ENOENT;
        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return -errno;

        out_fd = pipe_fds[0];
        in_fd = pipe_fds[1];
        pidfd = spawn(&(SpawnRequest) {
                .path = program,
                .argv = argv,
                .stdin_fd = -EBADF,
                .stdout_fd = in_fd,
                .cgroup_fd = -EBADF,
                .extra_fd = -EBADF,
        }, NULL);
        if (pidfd < 0)
                return pidfd;

        (void) close(TAKE_FD(in_fd));
        r = fd_read_all(out_fd, VERSION_SIZE_MAX, &text, NULL);
        reap(pidfd);
        if (r < 0)
                return r;

        number = startswith(text, "systemd ");
        if (!number)
                return -EIO;

        text[(size_t) (number - text) + strspn(number, "0123456789")] = '\0';
        return parse_unsigned(number, INT32_MAX, &version) < 0 ? -EIO : (int) version;
}

/* Its settings come as the standard input, which it does not read otherwise. */
static int take_settings(void) {
        _cleanup_close_ int root_fd = -EBADF, target_fd = -EBADF, null_fd = -EBADF;
        struct stat st;
        int r;

        if (fstat(STDIN_FILENO, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return 0;

        if (unshare(CLONE_NEWNS) < 0)
                return -errno;

        root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        target_fd = open("/etc/systemd", O_PATH | O_DIRECTORY | O_CLOEXEC);
        null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (root_fd < 0 || target_fd < 0 || null_fd < 0)
                return -errno;

        r = mount_set_propagation(root_fd, MS_SLAVE);
        if (r >= 0)
                r = mount_attach(STDIN_FILENO, target_fd);

        return r < 0 ? r : dup2(null_fd, STDIN_FILENO) < 0 ? -errno : 0;
}

/* Beside the socket that machines connect to, as long as it starts. */
static int find_notify(int listen_fd, struct sockaddr_un *ret) {
        struct sockaddr_un address = {};
        socklen_t size = sizeof(address) - 1; /* there is a NUL then, however long it is */
        char *slash;

        if (getsockname(listen_fd, (struct sockaddr *) &address, &size) < 0)
                return -errno;

        slash = strrchr(address.sun_path, '/');
        if (!slash || slash + 1 + sizeof(NOTIFY_NAME) > address.sun_path + sizeof(address.sun_path))
                return -EINVAL;

        memcpy(slash + 1, NOTIFY_NAME, sizeof(NOTIFY_NAME));
        *ret = address;
        return 0;
}

/* Of ours it gets nothing that is meant for us. */
static int set_environment(void) {
        static const char *const ours[] = {
                "LISTEN_FDNAMES", "WATCHDOG_PID", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY",
        };
        struct sockaddr_un notify;
        char pid[16];
        int r;

        r = find_notify(LISTEN_FD, &notify);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(ours); i++)
                (void) unsetenv(ours[i]);

        (void) snprintf(pid, sizeof(pid), "%i", (int) getpid());
        if (setenv("LISTEN_PID", pid, true) < 0 || setenv("LISTEN_FDS", "1", true) < 0 ||
            setenv("NOTIFY_SOCKET", notify.sun_path, true) < 0)
                return -errno;

        return 0;
}

static int prepare(void) {
        int r;

        if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
                return -errno;

        r = take_settings();
        if (r >= 0)
                r = set_environment();
        if (r < 0)
                return r;
        if (unshare(CLONE_NEWNET) < 0)
                return -errno;

        if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
                return -errno;

        r = privileges_bound(KEPT);
        return r < 0 ? r : privileges_forbid_new();
}

static int wait_ready(int notify_fd, int pidfd, pid_t pid) {
        struct pollfd fds[] = {
                { .fd = notify_fd, .events = POLLIN },
                { .fd = pidfd, .events = POLLIN },
        };
        uint64_t deadline = clock_now_usec() + START_USEC;
        int r;

        for (;;) {
                Notification n = {};

                r = clock_poll(fds, ELEMENTSOF(fds), deadline);
                if (r <= 0)
                        return r < 0 ? r : -ETIMEDOUT;

                r = notification_receive(notify_fd, pid, &n);
                if (r > 0 && n.ready)
                        return 0;
                if (r == -EAGAIN && (fds[1].revents & POLLIN))
                        return -EIO;
        }
}

static int run(const JournalRemoteRequest *request, const char *program, int said_fd, pid_t *ret_pid) {
        _cleanup_free_ char *output = NULL;
        char *argv[] = { (char *) "systemd-journal-remote", NULL, (char *) "--split-mode=none", NULL };
        int r;

        r = text_printf(&output, "--output=%s", request->output);
        if (r < 0)
                return r;

        argv[1] = output;
        return spawn(&(SpawnRequest) {
                .path = program,
                .argv = argv,
                .stdin_fd = request->settings_fd,
                .stdout_fd = said_fd,
                .cgroup_fd = -EBADF,
                .extra_fd = request->listen_fd,
                .prepare = prepare,
        }, ret_pid);
}

/* A pipe that is not read any more takes what fits, and nothing stops for the rest. */
static int run_heard(
                const JournalRemoteRequest *request,
                const char *program,
                JournalRemote *ret,
                pid_t *ret_pid) {

        _cleanup_close_ int out_fd = -EBADF;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;

        ret->said_fd = fds[0];
        out_fd = fds[1];

        r = ret->pidfd = run(request, program, out_fd, ret_pid);
        return MIN(r, 0);
}

/* The last line, without what does not belong into a message. */
static void read_said(int fd, char ret[static JOURNAL_REMOTE_SAID_MAX]) {
        char text[4096], *line;
        ssize_t n;

        n = read(fd, text, sizeof(text) - 1);
        text[MAX(n, 0)] = '\0';
        text[strlen(text) - (endswith(text, "\n") ? 1 : 0)] = '\0';

        line = strrchr(text, '\n');
        line = text_strip_control(line ? line + 1 : text);
        (void) snprintf(ret, JOURNAL_REMOTE_SAID_MAX, "%s", line);
}

int journal_remote_start(
                const JournalRemoteRequest *request,
                JournalRemote *ret,
                char reterr_said[static JOURNAL_REMOTE_SAID_MAX]) {

        _cleanup_(journal_remote_stop) JournalRemote remote = JOURNAL_REMOTE_NONE;
        _cleanup_close_ int notify_fd = -EBADF;
        const char *program = find_program();
        struct sockaddr_un notify;
        pid_t pid;
        int r;

        assert(request);
        assert(ret);

        if (!program)
                return -ENOENT;

        r = find_notify(request->listen_fd, &notify);
        if (r >= 0)
                r = notify_fd = note_listen(notify.sun_path);
        if (r < 0)
                return r;

        r = run_heard(request, program, &remote, &pid);
        if (r >= 0)
                r = wait_ready(notify_fd, remote.pidfd, pid);
        (void) unlink(notify.sun_path);
        if (r == -EIO)
                read_said(remote.said_fd, reterr_said);
        if (r < 0)
                return r;

        *ret = remote;
        remote = JOURNAL_REMOTE_NONE;
        return 0;
}
