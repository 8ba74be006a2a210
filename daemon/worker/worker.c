/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "daemon/worker/worker.h"
#include "lib/kernel/clone.h"
#include "lib/kernel/fsids.h"

static void job_done(Job *job) {
        fds_close(job->fds, job->n_fds);
        fds_close(job->answer.fds, job->answer.n_fds);
        free(job->data);
        free(job->args);
}

int worker_become_root(int users_fd) {
        /* Who has a job's rights only has none of those groups left, and may not change that. */
        if (getgroups(0, NULL) != 0 && setgroups(0, NULL) < 0)
                return -errno;

        if (setns(users_fd, CLONE_NEWUSER) < 0)
                return -errno;

        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return errno == EINVAL ? -EOPNOTSUPP : -errno;

        return process_protect();
}

int job_answer(Job *job, const void *data, size_t size) {
        char *copy;

        assert(job);
        assert(data || size == 0);

        if (size > ANSWER_SIZE_MAX)
                return -EFBIG;

        copy = malloc(size + 1);
        if (!copy)
                return -ENOMEM;

        if (size > 0)
                memcpy(copy, data, size);
        free(job->data);
        job->data = copy;
        job->answer.size = size;
        return 0;
}

int job_answer_fd(Job *job, int fd) {
        assert(job);

        if (job->answer.n_fds >= PACKET_FDS_MAX) {
                closep(&fd);
                return -E2BIG;
        }

        job->answer.fds[job->answer.n_fds++] = fd;
        return 0;
}

int job_fail(Job *job, int error, const char *format, ...) {
        char text[512];
        va_list ap;

        assert(job);
        assert(error < 0);

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        job->has_failed = job_answer(job, text, strlen(text)) >= 0;
        return error;
}

void job_progress(Job *job, const void *data, size_t size) {
        const JobAnswer news = { .is_progress = true, .data = data, .size = size };

        assert(job);

        (void) answer_send(job->socket, &news);
}

int job_progress_fds(Job *job, const void *data, size_t size, const int *fds, size_t n_fds) {
        JobAnswer news = { .is_progress = true, .data = data, .size = size, .n_fds = n_fds };

        assert(job);
        assert(n_fds <= PACKET_FDS_MAX);

        if (n_fds > 0)
                memcpy(news.fds, fds, n_fds * sizeof(int));
        return answer_send(job->socket, &news);
}

static int run(Job *job, const JobRow *rows, size_t n_rows) {
        for (size_t i = 0; i < n_rows; i++) {
                if (!streq(rows[i].name, job->args[0]))
                        continue;

                if (job->n_args < rows[i].n_args || job->n_fds < rows[i].n_fds)
                        return -EINVAL;
                return rows[i].run(job);
        }

        return -EOPNOTSUPP;
}

static int run_as_user(Job *job, const JobRow *rows, size_t n_rows) {
        int r;

        r = fsids_take(job->uid, job->gid);
        if (r >= 0)
                r = process_protect();

        return r < 0 ? r : run(job, rows, n_rows);
}

/* Returns 0 when there are no more jobs. */
static int receive(Job *job, char *buffer) {
        ssize_t n;
        int r;

        n = packet_receive(job->socket, buffer, JOB_SIZE_MAX, 0, job->fds, &job->n_fds);
        if (n <= 0)
                return (int) n;

        r = job_unpack(buffer, (size_t) n, &job->args, &job->uid, &job->gid);
        if (r < 0)
                return r;

        job->n_args = (size_t) r - 1;
        return 1;
}

static int send_answer(Job *job, int result) {
        JobAnswer *answer = &job->answer;

        answer->result = result;
        if (result >= 0 || job->has_failed)
                answer->data = job->data;
        else
                answer->size = 0;
        if (result < 0) {
                fds_close(answer->fds, answer->n_fds);
                answer->n_fds = 0;
        }

        return answer_send(job->socket, answer);
}

static int serve_one(int socket, char *buffer, const JobRow *rows, size_t n_rows) {
        _cleanup_(job_done) Job job = { .socket = socket };
        int r, k;

        r = receive(&job, buffer);
        if (r <= 0)
                return r;

        r = run_as_user(&job, rows, n_rows);

        /* Before the answer: who has that may have the next job for us. */
        k = fsids_restore();
        if (k >= 0)
                k = process_protect();

        job.answer.is_leaving = k < 0;
        r = send_answer(&job, r);
        if (r < 0)
                return r;

        return k < 0 ? k : 1;
}

static int serve(int socket, const JobRow *rows, size_t n_rows) {
        _cleanup_free_ char *buffer = NULL;
        int r;

        buffer = malloc(JOB_SIZE_MAX);
        if (!buffer)
                return -ENOMEM;

        do
                r = serve_one(socket, buffer, rows, n_rows);
        while (r > 0);

        return r;
}

int worker_serve(int socket, const JobRow *rows, size_t n_rows) {
        int r;

        r = process_protect();
        return r < 0 ? r : serve(socket, rows, n_rows);
}

int worker_serve_child(int socket, pid_t parent, const JobRow *rows, size_t n_rows) {
        int r;

        r = process_protect();
        if (r < 0)
                return r;

        /* It may have gone before we asked to be told. */
        return getppid() == parent ? serve(socket, rows, n_rows) : -EOWNERDEAD;
}
