/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker whose jobs are what a worker may come to, for test-worker and test-bus-copy. */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "daemon/worker/worker.h"
#include "lib/kernel/program.h"

static int answer_text(Job *job, const char *text) {
        return job_answer(job, text, strlen(text));
}

static int echo(Job *job) {
        return answer_text(job, job_arg(job, 0));
}

static int get_pid(Job *job) {
        char text[32];

        (void) snprintf(text, sizeof(text), "%i", getpid());
        return answer_text(job, text);
}

static int get_ids(Job *job) {
        char text[64];

        (void) snprintf(text, sizeof(text), "%i:%i", setfsuid((uid_t) -1), setfsgid((gid_t) -1));
        return answer_text(job, text);
}

static int count_fds(Job *job) {
        char text[32];
        unsigned n = 0;
        DIR *d;

        d = opendir("/proc/self/fd");
        if (!d)
                return -errno;
        while (readdir(d))
                n++;
        (void) closedir(d);

        (void) snprintf(text, sizeof(text), "%u", n);
        return answer_text(job, text);
}

/* What it was given, the last one first. */
static int give_back(Job *job) {
        int r = 0;

        for (size_t i = job->n_fds; r >= 0 && i > 0; i--)
                r = job_answer_fd(job, dup(job->fds[i - 1]));

        return r;
}

static int pidfd_open_self(void) {
        return (int) syscall(SYS_pidfd_open, getpid(), 0);
}

static _Noreturn int hang(_unused_ Job *job) {
        for (;;)
                (void) pause();
}

static int die(_unused_ Job *job) {
        _exit(7);
}

static int get_killed(_unused_ Job *job) {
        return raise(SIGKILL);
}

static int leave(Job *job) {
        (void) close(job->socket);
        return hang(job);
}

static int talk_nonsense(Job *job) {
        (void) send(job->socket, "Hello", 5, 0);
        return hang(job);
}

static int talk_too_much(Job *job) {
        static char text[ANSWER_BUFFER_SIZE];

        (void) send(job->socket, text, sizeof(text), 0);
        return hang(job);
}

static int answer_twice(Job *job) {
        const JobAnswer first = { .data = "first", .size = 5 };

        (void) answer_send(job->socket, &first);
        return answer_text(job, "second");
}

static int answer_and_die(Job *job) {
        const JobAnswer last = { .data = "last", .size = 4, .is_leaving = true };

        (void) answer_send(job->socket, &last);
        _exit(0);
}

static int succeed_impossibly(Job *job) {
        const JobAnswer bad = { .result = INT32_MIN };

        (void) answer_send(job->socket, &bad);
        return hang(job);
}

static int fail(Job *job) {
        (void) job_answer_fd(job, dup(job->socket));
        return job_fail(job, -ENOENT, "There is no %s\033[2J", job_arg(job, 0));
}

static int fail_silently(Job *job) {
        (void) answer_text(job, "half");
        return -EIDRM;
}

static int progress(Job *job) {
        for (const char *p = "123"; *p; p++)
                job_progress(job, p, 1);

        return answer_text(job, "done");
}

/* For longer than test-worker lets it take, but never long without a word. */
static int go_on(Job *job) {
        for (unsigned i = 0; i < 10; i++) {
                job_progress(job, ".", 1);
                (void) poll(NULL, 0, 50);
        }

        return answer_text(job, "done");
}

/* As the copier tells it. */
static int copy_at_once(Job *job) {
        uint64_t bytes = 4096;

        job_progress(job, &bytes, sizeof(bytes));
        return 0;
}

/* A directory that is not the guest's, and what it was asked for. */
static int open_journal(Job *job) {
        if (!streq(job_arg(job, 0), "0123456789abcdef0123456789abcdef"))
                return -ENOENT;

        return job_answer_fd(job, open("/", O_PATH | O_CLOEXEC));
}

/* Of a machine whose files hang, and which has no address. */
static int time_out(Job *job) {
        return job_fail(job, -ETIMEDOUT, "os-release cannot be read in time");
}

static int find_nothing(_unused_ Job *job) {
        return 0;
}

/* As job_exec(): "started" with us as the program, which then does what its name says. */
static int execute(Job *job) {
        struct {
                ProgramStarted started;
                char texts[16];
        } news = { .started = { .pid = getpid(), .uid = 7 }, .texts = "someone\0" };
        const ProgramEnded ended = { .code = CLD_EXITED, .status = 7 };
        const char *program = job_arg(job, PROGRAM_ARGUMENTS);
        int pidfd;

        if (streq(program, "refuse"))
                return job_fail(job, -ENOENT, "There is no %s", job_arg(job, 0));
        if (streq(program, "silence"))
                return 0;

        pidfd = pidfd_open_self();
        if (pidfd < 0)
                return -errno;
        if (job_progress_fds(job, &news, sizeof(ProgramStarted) + sizeof("someone") + 1, &pidfd, 1) < 0)
                _exit(EXIT_FAILURE);
        (void) close(pidfd);

        if (streq(program, "stay"))
                return hang(job);
        if (streq(program, "die"))
                _exit(EXIT_FAILURE);
        return job_answer(job, &ended, sizeof(ended));
}

static const JobRow table[] = {
        { "exec", execute, PROGRAM_ARGUMENTS + 1, 2 },
        { "echo", echo, 1, 0 },
        { "pid", get_pid, 0, 0 },
        { "ids", get_ids, 0, 0 },
        { "count-fds", count_fds, 0, 0 },
        { "give-back", give_back, 0, 1 },
        { "hang", hang, 0, 0 },
        { "die", die, 0, 0 },
        { "get-killed", get_killed, 0, 0 },
        { "leave", leave, 0, 0 },
        { "talk-nonsense", talk_nonsense, 0, 0 },
        { "talk-too-much", talk_too_much, 0, 0 },
        { "answer-twice", answer_twice, 0, 0 },
        { "answer-and-die", answer_and_die, 0, 0 },
        { "succeed-impossibly", succeed_impossibly, 0, 0 },
        { "fail", fail, 1, 0 },
        { "fail-silently", fail_silently, 0, 0 },
        { "progress", progress, 0, 0 },
        { "go-on", go_on, 0, 0 },
        { "copy-from", copy_at_once, 0, 0 },
        { "copy-to", hang, 0, 0 },
        { "journal", open_journal, 1, 2 },
        { "os-release", time_out, 0, 1 },
        { "addresses", find_nothing, 0, 0 },
};

int main(void) {
        return worker_serve(JOB_SOCKET_FD, table, ELEMENTSOF(table)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
