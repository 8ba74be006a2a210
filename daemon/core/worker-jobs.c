/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/core/worker-private.h"
#include "lib/base/errors.h"

/* A file of a guest takes no time, unless somebody wants it to. */
#define LIMIT_USEC (5 * USEC_PER_SEC)

/* What a job may wait for a process, on top of its own limit. */
#define QUEUE_USEC (30 * USEC_PER_SEC)

/* So many are started as soon as there are jobs for them. Looks take less time
 * than a fork: more processes help only if these hang, which shows in a moment. */
#define WORKERS_EAGER 4

#define HURRY_USEC (20 * USEC_PER_MSEC)

static void enqueue(Workers *w, Task *t) {
        t->previous = w->last;
        if (w->last)
                w->last->next = t;
        else
                w->first = t;
        w->last = t;
        w->n_waiting++;
}

static bool is_waiting(const Task *t) {
        return t->previous || t->workers->first == t;
}

static void dequeue(Task *t) {
        Workers *w = t->workers;

        if (!is_waiting(t))
                return;

        if (t->previous)
                t->previous->next = t->next;
        else
                w->first = t->next;
        if (t->next)
                t->next->previous = t->previous;
        else
                w->last = t->previous;
        t->next = t->previous = NULL;
        w->n_waiting--;
}

static Task *task_free(Task *t) {
        if (!t)
                return NULL;

        dequeue(t);
        sd_event_source_disable_unref(t->timeout);
        fds_close(t->fds, t->n_fds);
        free(t->machine);
        free(t->packet);
        free(t);
        return NULL;
}
DEFINE_CLEANUP(Task, task_free);

static int on_hurry(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        workers_dispatch(userdata, /* hurry= */ true);
        return 0;
}

int workers_start_timer(
                Workers *w,
                sd_event_source **source,
                uint64_t usec,
                sd_event_time_handler_t handler) {

        int r, enabled;

        if (!*source)
                return sd_event_add_time_relative(w->event, source, CLOCK_MONOTONIC, usec, 0, handler, w);

        r = sd_event_source_get_enabled(*source, &enabled);
        if (r < 0 || enabled != SD_EVENT_OFF)
                return r;

        r = sd_event_source_set_time_relative(*source, usec);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

void task_finish(Task *t, int result, const char *text, WorkerAnswer *answer) {
        Workers *w = t->workers;

        dequeue(t);
        t->done(t->userdata, result, isempty(text) ? NULL : text, result < 0 ? NULL : answer);
        (void) task_free(t);
        workers_dispatch(w, /* hurry= */ false);
}

void task_abort(Task *t, int error) {
        if (t->process)
                worker_process_kill(t->process);

        t->process = NULL;
        task_finish(t, error, NULL, NULL);
}

static int on_timeout(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Task *t = userdata;

        /* Without a socket it is one that said goodbye, but does not leave. */
        task_abort(t, t->process && t->process->socket < 0 ? -EIO : -ETIMEDOUT);
        return 0;
}

int task_set_timeout(Task *t, uint64_t usec) {
        int r;

        if (usec == UINT64_MAX) {
                t->timeout = sd_event_source_disable_unref(t->timeout);
                return 0;
        }

        if (!t->timeout)
                return sd_event_add_time_relative(t->workers->event, &t->timeout, CLOCK_MONOTONIC, usec, 0,
                                                  on_timeout, t);

        r = sd_event_source_set_time_relative(t->timeout, usec);
        return r < 0 ? r : sd_event_source_set_enabled(t->timeout, SD_EVENT_ONESHOT);
}

/* Who is found first has been used last. */
static WorkerProcess *find_idle(Workers *w) {
        for (WorkerProcess *p = w->processes; p; p = p->next)
                if (p->state == PROCESS_IDLE)
                        return p;

        return NULL;
}

static bool machine_has_room(const Task *t) {
        size_t n = 0;

        for (WorkerProcess *p = t->workers->processes; t->machine && p; p = p->next)
                n += p->stays == t->stays && streq_ptr(p->machine, t->machine);

        return n < (t->stays ? WORKERS_STAYING_PER_MACHINE : WORKERS_PER_MACHINE);
}

/* Returns 1 if it could go on in an idle process, 0 if there is none. */
static int task_reuse(Task *t) {
        WorkerProcess *p;
        int r;

        while ((p = find_idle(t->workers))) {
                r = worker_process_give(p, t, /* is_new= */ false);
                if (r != -EPIPE && r != -ECONNRESET)
                        return r < 0 ? r : 1;

                worker_process_kill(p); /* it is gone, and we are about to hear of it */
        }

        return 0;
}

static bool has_room(const Workers *w, const Task *t, bool hurry) {
        size_t n = w->n_processes - w->n_staying;

        if (t->stays)
                return w->n_staying < WORKERS_STAYING_MAX;
        if (t->alone && n - w->n_pool >= WORKERS_ALONE_MAX)
                return false;
        if (w->n_idle > 0)
                return true;

        return n < WORKERS_MAX && (t->alone || hurry || w->n_pool < WORKERS_EAGER);
}

/* Returns 1 if it runs, 0 if it has to wait. */
static int task_start(Task *t, bool hurry) {
        Workers *w = t->workers;
        WorkerProcess *p;
        int r;

        if (!has_room(w, t, hurry) || !machine_has_room(t))
                return 0;

        r = t->stays ? 0 : task_reuse(t);
        if (r != 0)
                return r;

        if (!has_room(w, t, hurry)) /* who was idle turned out to be dead */
                return 0;

        r = worker_process_new(w, t->stays, &p);
        if (r < 0)
                return r;

        r = worker_process_give(p, t, /* is_new= */ true);
        if (r < 0)
                worker_process_kill(p);

        return r < 0 ? r : 1;
}

void workers_dispatch(Workers *w, bool hurry) {
        const char *blocked = NULL;
        Task *next;
        int r;

        for (Task *t = w->first; t; t = next) {
                next = t->next;

                if (!has_room(w, t, hurry) || (blocked && streq_ptr(t->machine, blocked)))
                        continue;

                r = task_start(t, hurry);
                if (r < 0) {
                        task_finish(t, r, NULL, NULL); /* which starts the others */
                        return;
                }
                if (r == 0)
                        blocked = t->machine;
                else
                        dequeue(t);
        }
}

static int task_new(Workers *w, const WorkerJob *job, WorkerDone done, void *userdata, Task **ret) {
        _cleanup_(task_freep) Task *t = NULL;
        int r;

        t = malloc(sizeof(*t));
        if (!t)
                return -ENOMEM;

        *t = (Task) {
                .workers = w,
                .ticket = ++w->last_ticket,
                .limit_usec = job->limit_usec == 0 ? LIMIT_USEC : job->limit_usec,
                .alone = job->alone || job->stays,
                .stays = job->stays,
                .progress = job->progress,
                .done = done,
                .userdata = userdata,
        };

        if (job->machine) {
                t->machine = strdup(job->machine);
                if (!t->machine)
                        return -ENOMEM;
        }

        r = job_pack(job->name, job->args, job->uid, job->gid, &t->packet, &t->size);
        if (r < 0)
                return r;

        for (; t->n_fds < job->n_fds; t->n_fds++) {
                t->fds[t->n_fds] = fcntl(job->fds[t->n_fds], F_DUPFD_CLOEXEC, 3);
                if (t->fds[t->n_fds] < 0)
                        return -errno;
        }

        *ret = TAKE_PTR(t);
        return 0;
}

static int task_wait(Task *t) {
        Workers *w = t->workers;
        size_t n = 0;
        int r;

        for (const Task *i = w->first; t->machine && i; i = i->next)
                n += streq_ptr(i->machine, t->machine);
        if (w->n_waiting >= WORKERS_QUEUE_MAX || n >= WORKERS_QUEUE_PER_MACHINE)
                return -E_LIMITS_EXCEEDED;

        r = task_set_timeout(t, t->limit_usec > UINT64_MAX - QUEUE_USEC ? UINT64_MAX
                                                                        : t->limit_usec + QUEUE_USEC);
        if (r < 0)
                return r;

        r = workers_start_timer(w, &w->hurry, HURRY_USEC, on_hurry);
        if (r < 0)
                return r;

        enqueue(w, t);
        return 0;
}

int workers_run(Workers *w, const WorkerJob *job, WorkerDone done, void *userdata, uint64_t *ret_ticket) {
        _cleanup_(task_freep) Task *t = NULL;
        int r;

        assert(w);
        assert(job);
        assert(job->name);
        assert(job->n_fds <= PACKET_FDS_MAX);
        assert(done);

        r = task_new(w, job, done, userdata, &t);
        if (r < 0)
                return r;

        r = task_start(t, /* hurry= */ false);
        if (r == 0)
                r = t->stays ? -E_LIMITS_EXCEEDED : task_wait(t);
        if (r < 0)
                return r;

        if (ret_ticket)
                *ret_ticket = t->ticket;
        TAKE_PTR(t); /* waits, or is its process's */
        return 0;
}

void workers_cancel(Workers *w, uint64_t ticket) {
        assert(w);

        for (Task *t = w->first; t; t = t->next)
                if (t->ticket == ticket) {
                        (void) task_free(t);
                        return;
                }

        for (WorkerProcess *p = w->processes; p; p = p->next)
                if (p->task && p->task->ticket == ticket) {
                        (void) task_free(p->task);
                        worker_process_kill(p);
                        return;
                }
}

size_t workers_count(const Workers *w) {
        assert(w);

        return w->n_processes;
}

int workers_new(sd_event *event, const char *program, Workers **ret) {
        Workers *w;

        assert(event);
        assert(program);
        assert(ret);

        w = malloc(sizeof(*w));
        if (!w)
                return -ENOMEM;

        *w = (Workers) {
                .event = sd_event_ref(event),
                .program = strdup(program),
                .buffer = malloc(ANSWER_BUFFER_SIZE),
        };
        if (!w->program || !w->buffer) {
                (void) workers_free(w);
                return -ENOMEM;
        }

        *ret = w;
        return 0;
}

int workers_set_joiner(Workers *w, const char *program, const char *socket) {
        _cleanup_free_ char *copy = NULL, *path = NULL;

        assert(w);
        assert(program);

        copy = strdup(program);
        path = socket ? strdup(socket) : NULL;
        if (!copy || (socket && !path))
                return -ENOMEM;

        free(w->joiner);
        free(w->joiner_socket);
        w->joiner = TAKE_PTR(copy);
        w->joiner_socket = TAKE_PTR(path);
        return 0;
}

Workers *workers_free(Workers *w) {
        if (!w)
                return NULL;

        while (w->first)
                (void) task_free(w->first);
        while (w->processes) {
                (void) task_free(w->processes->task);
                worker_process_end(w->processes);
        }

        sd_event_source_disable_unref(w->hurry);
        sd_event_source_disable_unref(w->sweep);
        sd_event_unref(w->event);
        free(w->program);
        free(w->joiner);
        free(w->joiner_socket);
        free(w->buffer);
        free(w);
        return NULL;
}
