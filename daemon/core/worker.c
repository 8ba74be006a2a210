/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "daemon/core/worker.h"
#include "lib/kernel/process.h"
#include "lib/kernel/spawn.h"

/* A file of a guest takes no time, unless somebody wants it to. */
#define WORKER_USEC (5 * USEC_PER_SEC)

#define ANSWER_MAX (64 << 10)

typedef struct Worker {
        Workers *workers;
        struct Worker *next, *previous;
        int pidfd;
        int answer_fd;
        sd_event_source *answered;
        sd_event_source *exited;
        sd_event_source *timeout;
        char *answer;
        size_t size;
        int result;             /* of reading; the exit status comes on top */
        bool has_answered, has_exited;
        WorkerDone done;
        void *userdata;
} Worker;

struct Workers {
        sd_event *event;
        char *program;
        Worker *list;
        size_t n;
};

static Worker *worker_free(Worker *w) {
        if (!w)
                return NULL;

        if (w->previous)
                w->previous->next = w->next;
        else if (w->workers->list == w)
                w->workers->list = w->next;
        if (w->next)
                w->next->previous = w->previous;
        w->workers->n--;

        /* One that is freed early is killed, and reaped, as a kill needs no patience. */
        if (w->pidfd >= 0 && !w->has_exited) {
                (void) process_signal(w->pidfd, SIGKILL);
                (void) waitid(P_PIDFD, (id_t) w->pidfd, NULL, WEXITED);
        }

        sd_event_source_disable_unref(w->answered);
        sd_event_source_disable_unref(w->exited);
        sd_event_source_disable_unref(w->timeout);
        closep(&w->pidfd);
        closep(&w->answer_fd);
        free(w->answer);
        free(w);
        return NULL;
}
DEFINE_CLEANUP(Worker, worker_free);

static void finish_if_done(Worker *w) {
        if (!w->has_answered || !w->has_exited)
                return;

        w->done(w->userdata, w->result, w->result < 0 ? NULL : w->answer);
        (void) worker_free(w);
}

static int on_exited(_unused_ sd_event_source *source, const siginfo_t *si, void *userdata) {
        Worker *w = userdata;

        w->has_exited = true;

        /* Its exit status is an errno, so that it can tell what it ran into. */
        if (w->result >= 0 && si->si_code == CLD_EXITED && si->si_status != 0)
                w->result = si->si_status == SPAWN_EXIT_EXEC ? -ENOEXEC : -si->si_status;
        else if (w->result >= 0 && si->si_code != CLD_EXITED)
                w->result = -EIO;

        finish_if_done(w);
        return 0;
}

static void end_answer(Worker *w, int result) {
        w->answered = sd_event_source_disable_unref(w->answered);
        w->has_answered = true;
        if (result < 0) {
                w->result = result;
                (void) process_signal(w->pidfd, SIGKILL);
        }

        finish_if_done(w);
}

static int on_answered(_unused_ sd_event_source *source, int fd, _unused_ uint32_t revents, void *userdata) {
        Worker *w = userdata;
        ssize_t n;

        n = read(fd, w->answer + w->size, ANSWER_MAX - w->size);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                end_answer(w, n < 0 ? -errno : 0);
                return 0;
        }

        w->size += (size_t) n;
        w->answer[w->size] = 0;
        if (w->size >= ANSWER_MAX)
                end_answer(w, -EFBIG);

        return 0;
}

static int on_timeout(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Worker *w = userdata;

        end_answer(w, -ETIMEDOUT);
        return 0;
}

static int watch(Worker *w) {
        sd_event *event = w->workers->event;
        int r;

        r = sd_event_add_io(event, &w->answered, w->answer_fd, EPOLLIN, on_answered, w);
        if (r < 0)
                return r;

        r = sd_event_add_child_pidfd(event, &w->exited, w->pidfd, WEXITED, on_exited, w);
        if (r < 0)
                return r;

        return sd_event_add_time_relative(event, &w->timeout, CLOCK_MONOTONIC, WORKER_USEC, 0,
                                          on_timeout, w);
}

static int spawn_worker(Worker *w, const char *job, int fd) {
        char *argv[] = { (char *) "berth-worker", (char *) job, NULL };
        char *environment[] = { NULL };
        _cleanup_close_ int write_fd = -EBADF;
        int pair[2];

        if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        w->answer_fd = pair[0];
        write_fd = pair[1];

        w->pidfd = spawn(&(SpawnRequest) {
                        .path = w->workers->program,
                        .argv = argv,
                        .environment = environment,
                        .stdin_fd = -EBADF,
                        .stdout_fd = write_fd,
                        .cgroup_fd = -EBADF,
                        .extra_fd = fd }, NULL);
        return w->pidfd < 0 ? w->pidfd : 0;
}

static int worker_new(Workers *workers, Worker **ret) {
        _cleanup_(worker_freep) Worker *w = NULL;

        w = malloc(sizeof(*w));
        if (!w)
                return -ENOMEM;

        *w = (Worker) {
                .workers = workers,
                .next = workers->list,
                .pidfd = -EBADF,
                .answer_fd = -EBADF,
                .answer = malloc(ANSWER_MAX + 1),
        };
        if (workers->list)
                workers->list->previous = w;
        workers->list = w;
        workers->n++;

        if (!w->answer)
                return -ENOMEM;

        w->answer[0] = 0;
        *ret = TAKE_PTR(w);
        return 0;
}

int workers_run(Workers *workers, const char *job, int fd, WorkerDone done, void *userdata) {
        _cleanup_(worker_freep) Worker *w = NULL;
        int r;

        assert(workers);
        assert(job);
        assert(done);

        if (workers->n >= WORKERS_MAX)
                return -EBUSY;

        r = worker_new(workers, &w);
        if (r < 0)
                return r;

        w->done = done;
        w->userdata = userdata;

        r = spawn_worker(w, job, fd);
        if (r < 0)
                return r;

        r = watch(w);
        if (r < 0)
                return r;

        TAKE_PTR(w); /* waits on workers->list from here on */
        return 0;
}

int workers_new(sd_event *event, const char *program, Workers **ret) {
        Workers *w;

        assert(event);
        assert(program);
        assert(ret);

        w = malloc(sizeof(*w));
        if (!w)
                return -ENOMEM;

        *w = (Workers) { .event = sd_event_ref(event), .program = strdup(program) };
        if (!w->program) {
                (void) workers_free(w);
                return -ENOMEM;
        }

        *ret = w;
        return 0;
}

Workers *workers_free(Workers *w) {
        if (!w)
                return NULL;

        while (w->list)
                (void) worker_free(w->list);
        sd_event_unref(w->event);
        free(w->program);
        free(w);
        return NULL;
}
