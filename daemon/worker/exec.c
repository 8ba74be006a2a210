/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts a program in a guest, tells of it, and then how it has ended. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "daemon/worker/jobs.h"
#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/passwd.h"
#include "lib/base/text.h"
#include "lib/kernel/fsids.h"
#include "lib/kernel/join.h"
#include "lib/kernel/process.h"
#include "lib/kernel/pty.h"

/* What entering may take: less than berthd waits, so that it is us who clean up. */
#define JOIN_USEC (10 * USEC_PER_SEC)

/* Where login shells look, and a guest has no other word. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_TERM "vt220"

/* See Documentation/admin-guide/devices.txt of the kernel. */
#define NULL_MAJOR 1
#define NULL_MINOR 3

/* What is wished for, as job_exec() in jobs.h tells it. */
typedef struct Wish {
        const char *user;
        const char *directory;
        bool terminal;
        unsigned rows, columns;
        bool has_modes;
        TerminalModes modes;
        const char *passed;             /* "101": which of 0, 1 and 2 come with the job */
        char *const *argv;
        size_t n_argv;
        char *const *assignments;
} Wish;

/* What it takes to fulfil it. */
typedef struct Program {
        GuestUser user;
        char **argv;
        char **environment;
        int stdio[3];
        int master;                     /* of its terminal, or -EBADF */
        char *terminal;                 /* path of that in the guest, or NULL */
        TerminalIdentity identity;
        int pidfd;
} Program;

static void program_done(Program *p) {
        guest_user_done(&p->user);
        (void) strv_free(p->argv);
        (void) strv_free(p->environment);
        fds_close(p->stdio, ELEMENTSOF(p->stdio));
        closep(&p->master);
        closep(&p->pidfd);
        free(p->terminal);
}

static int read_wish(Job *job, Wish *ret) {
        const char *modes = job_arg(job, 4);
        unsigned n;
        int r;

        *ret = (Wish) {
                .user = isempty(job_arg(job, 0)) ? "root" : job_arg(job, 0),
                .directory = isempty(job_arg(job, 1)) ? NULL : job_arg(job, 1),
                .passed = job_arg(job, 5),
        };

        r = parse_unsigned(job_arg(job, 2), UINT16_MAX, &ret->rows);
        if (r >= 0)
                r = parse_unsigned(job_arg(job, 3), UINT16_MAX, &ret->columns);
        if (r >= 0 && *modes) {
                ret->has_modes = true;
                r = terminal_modes_parse(modes, &ret->modes);
        }
        if (r >= 0)
                r = parse_unsigned(job_arg(job, 6), JOB_ARGS_MAX, &n);
        if (r < 0)
                return r;
        if (n > job->n_args - PROGRAM_ARGUMENTS)
                return -EINVAL;

        ret->terminal = streq(ret->passed, "terminal");
        ret->argv = job->args + 1 + PROGRAM_ARGUMENTS;
        ret->n_argv = n;
        ret->assignments = ret->argv + n;
        return 0;
}

static int assign(char ***environment, const char *assignment) {
        size_t n = strcspn(assignment, "=") + 1;
        char *copy;

        for (char **e = *environment; e && *e; e++) {
                if (strncmp(*e, assignment, n) != 0)
                        continue;

                copy = strdup(assignment);
                if (!copy)
                        return -ENOMEM;
                free(*e);
                *e = copy;
                return 0;
        }

        return strv_push(environment, assignment);
}

static int make_environment(const Wish *wish, Program *p) {
        int r;

        r = strv_pushf(&p->environment, "PATH=%s", DEFAULT_PATH);
        if (r >= 0)
                r = strv_pushf(&p->environment, "HOME=%s", p->user.home);
        if (r >= 0)
                r = strv_pushf(&p->environment, "USER=%s", p->user.name);
        if (r >= 0)
                r = strv_pushf(&p->environment, "LOGNAME=%s", p->user.name);
        if (r >= 0)
                r = strv_pushf(&p->environment, "SHELL=%s", p->user.shell);
        if (r >= 0 && wish->terminal)
                r = strv_pushf(&p->environment, "TERM=%s", DEFAULT_TERM);
        for (char *const *i = wish->assignments; r >= 0 && *i; i++)
                r = assign(&p->environment, *i);

        return r;
}

/* Without one it is the user's shell: a dash in front tells it that this is a login. */
static int make_argv(const Wish *wish, Program *p) {
        const char *base = strrchr(p->user.shell, '/');
        int r = 0;

        if (wish->n_argv == 0)
                return strv_pushf(&p->argv, "-%s", base ? base + 1 : p->user.shell);

        for (size_t i = 0; r >= 0 && i < wish->n_argv; i++)
                r = strv_push(&p->argv, wish->argv[i]);

        return r;
}

static int open_terminal(Job *job, const Wish *wish, Program *p) {
        _cleanup_close_ int peer = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r;

        r = pty_open_beneath(job->fds[0], &p->master, &peer, &name);
        if (r >= 0)
                r = terminal_identify(peer, &p->identity);
        if (r >= 0)
                r = text_printf(&p->terminal, "/dev/%s", name);
        if (r >= 0 && wish->has_modes)
                r = terminal_modes_apply(peer, &wish->modes);
        if (r >= 0 && (wish->rows > 0 || wish->columns > 0))
                r = terminal_resize(peer, (uint16_t) wish->rows, (uint16_t) wish->columns);
        if (r < 0)
                return job_fail(job, r, "No terminal can be made there: %s", error_text(r));

        for (int i = 0; i < 3; i++) {
                p->stdio[i] = fcntl(peer, F_DUPFD_CLOEXEC, 3);
                if (p->stdio[i] < 0)
                        return -errno;
        }

        return 0;
}

/* The guest's own, as of the host's it could change owner and mode. */
static int open_null(int root_fd) {
        _cleanup_close_ int path_fd = -EBADF;
        struct stat st;

        path_fd = beneath_open(root_fd, "dev/null", O_PATH, 0);
        if (path_fd < 0)
                return path_fd;

        if (fstat(path_fd, &st) < 0)
                return -errno;
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(NULL_MAJOR, NULL_MINOR))
                return -ENODEV;

        return fd_reopen(path_fd, O_RDWR | O_CLOEXEC);
}

static int take_stdio(Job *job, const Wish *wish, Program *p) {
        size_t k = 2;

        if (strlen(wish->passed) != 3)
                return -EINVAL;

        for (int i = 0; i < 3; i++)
                if (wish->passed[i] == '0') {
                        p->stdio[i] = open_null(job->fds[0]);
                        if (p->stdio[i] < 0)
                                return job_fail(job, p->stdio[i], "Its /dev/null cannot be opened: %s",
                                                error_text(p->stdio[i]));
                } else if (k >= job->n_fds)
                        return -EINVAL;
                else
                        p->stdio[i] = TAKE_FD(job->fds[k++]);

        return 0;
}

/* All this with the rights of the guest's root user. */
static int prepare(Job *job, const Wish *wish, Program *p) {
        int r;

        r = guest_user_read(job->fds[0], wish->user, &p->user);
        if (r == -ENOENT)
                return job_fail(job, -E_NO_SUCH_USER, "There is no user '%s'", wish->user);
        if (r < 0)
                return job_fail(job, r, "Its users cannot be read: %s", error_text(r));

        r = make_environment(wish, p);
        if (r >= 0)
                r = make_argv(wish, p);
        if (r < 0)
                return r;

        return wish->terminal ? open_terminal(job, wish, p) : take_stdio(job, wish, p);
}

static int fail_to_execute(Job *job, const char *program, int error) {
        switch (error) {
        case -ENOENT:
        case -ENOTDIR:
                return job_fail(job, -E_PROGRAM_NOT_FOUND, "There is no program '%s'", program);
        case -E2BIG:
        case -ENOMEM:
                return job_fail(job, error, "'%s' cannot be executed: %s", program, error_text(error));
        default:
                return job_fail(job, -E_NOT_EXECUTABLE, "'%s' cannot be executed: %s", program,
                                error_text(error));
        }
}

static int fail_to_join(Job *job, const Wish *wish, const char *program, JoinStage stage, int error) {
        if (error == -E_MACHINE_FROZEN)
                return error;
        if (error == -ESRCH && stage != JOIN_EXEC)
                return -E_NO_SUCH_MACHINE;
        if (stage == JOIN_EXEC)
                return fail_to_execute(job, program, error);
        if (stage == JOIN_DIRECTORY)
                return job_fail(job, error, "Directory '%s' cannot be entered: %s", wish->directory ?: "/",
                                error_text(error));

        return job_fail(job, error, "Cannot %s: %s", join_stage_to_string(stage), error_text(error));
}

static int start(Job *job, const Wish *wish, Program *p, pid_t *ret_pid) {
        const char *program = wish->n_argv > 0 ? wish->argv[0] : p->user.shell;
        JoinStage stage = JOIN_PREPARE;
        JoinResult result;
        int r;

        r = join_start(&(JoinRequest) {
                .leader = job->fds[1],
                .stdio = { p->stdio[0], p->stdio[1], p->stdio[2] },
                .terminal = wish->terminal,
                .uid = p->user.uid,
                .gid = p->user.gid,
                .groups = p->user.groups,
                .n_groups = p->user.n_groups,
                .program = program,
                .argv = p->argv,
                .environment = p->environment,
                .directory = wish->directory ?: p->user.home,
                .needs_directory = wish->directory,
                .limit_usec = JOIN_USEC,
        }, &result, &stage);
        if (r < 0)
                return fail_to_join(job, wish, program, stage, r);

        p->pidfd = result.pidfd;
        *ret_pid = result.pid;
        return 0;
}

static int tell(Job *job, const Program *p, pid_t pid) {
        const ProgramStarted started = { .pid = pid, .uid = p->user.uid, .terminal = p->identity };
        const char *terminal = p->terminal ?: "";
        size_t n = strlen(p->user.name) + 1, k = strlen(terminal) + 1;
        const int fds[] = { p->pidfd, p->master };
        _cleanup_free_ char *data = NULL;

        data = malloc(sizeof(started) + n + k);
        if (!data)
                return -ENOMEM;

        memcpy(data, &started, sizeof(started));
        memcpy(data + sizeof(started), p->user.name, n);
        memcpy(data + sizeof(started) + n, terminal, k);
        return job_progress_fds(job, data, sizeof(started) + n + k, fds, p->master >= 0 ? 2 : 1);
}

/* Until it ends, or berthd has no more interest in that. */
static int wait_for_end(Job *job, int pidfd) {
        struct pollfd pollers[] = {
                { .fd = pidfd, .events = POLLIN },
                { .fd = job->socket },
        };
        ProgramEnded ended;
        siginfo_t info = {};

        for (;;) {
                if (poll(pollers, ELEMENTSOF(pollers), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (pollers[0].revents)
                        break;
                if (pollers[1].revents)
                        return -EPIPE;
        }

        if (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED) < 0)
                return -errno;

        ended = (ProgramEnded) { .code = info.si_code, .status = info.si_status };
        return job_answer(job, &ended, sizeof(ended));
}

/* Whoever reads what the program writes waits for us, too, while we hold on to it. */
static void let_go(Job *job, Program *p) {
        fds_close(job->fds, job->n_fds);
        job->n_fds = 0;
        fds_close(p->stdio, ELEMENTSOF(p->stdio));
        closep(&p->master);
        p->master = -EBADF;
}

int job_exec(Job *job) {
        _cleanup_(program_done) Program p = {
                .stdio = { -EBADF, -EBADF, -EBADF },
                .master = -EBADF,
                .pidfd = -EBADF,
        };
        pid_t pid = 0;
        Wish wish;
        int r;

        r = read_wish(job, &wish);
        if (r >= 0)
                r = prepare(job, &wish, &p);
        if (r >= 0)
                r = fsids_restore();
        if (r >= 0)
                r = start(job, &wish, &p, &pid);
        if (r < 0)
                return r;

        r = tell(job, &p, pid);
        if (r < 0) {
                (void) process_signal(p.pidfd, SIGKILL); /* nobody would know of it */
                return r;
        }

        let_go(job, &p);
        return wait_for_end(job, p.pidfd);
}

/* The terminal is that which was made for the program, wherever its name leads by now. */
static int open_same_terminal(Job *job, const TerminalIdentity *wanted) {
        _cleanup_close_ int path_fd = -EBADF;
        TerminalIdentity found;
        int r;

        path_fd = beneath_open(job->fds[0], job_arg(job, 0), O_PATH, 0);
        if (path_fd < 0)
                return path_fd;

        r = terminal_identify(path_fd, &found);
        if (r < 0)
                return r;
        if (memcmp(&found, wanted, sizeof(found)) != 0)
                return -ENOTTY;

        /* It is the user's, whom we do not play; and it is the one that we have made. */
        r = fsids_restore();
        return r < 0 ? r : fd_reopen(path_fd, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

int job_resize(Job *job) {
        _cleanup_close_ int fd = -EBADF;
        TerminalIdentity wanted;
        unsigned rows, columns;
        int r;

        r = parse_u64(job_arg(job, 1), UINT64_MAX, &wanted.device);
        if (r >= 0)
                r = parse_u64(job_arg(job, 2), UINT64_MAX, &wanted.inode);
        if (r >= 0)
                r = parse_u64(job_arg(job, 3), UINT64_MAX, &wanted.number);
        if (r >= 0)
                r = parse_unsigned(job_arg(job, 4), UINT16_MAX, &rows);
        if (r >= 0)
                r = parse_unsigned(job_arg(job, 5), UINT16_MAX, &columns);
        if (r < 0)
                return r;

        fd = open_same_terminal(job, &wanted);
        if (fd < 0)
                return job_fail(job, fd, "Its terminal is not there any more: %s", error_text(fd));

        return terminal_resize(fd, (uint16_t) rows, (uint16_t) columns);
}
