/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/core/worker.h"
#include "lib/base/errors.h"
#include "lib/kernel/process.h"
#include "lib/kernel/spawn.h"

/* A file of a guest takes no time, unless somebody wants it to. */
#define LIMIT_USEC (5 * USEC_PER_SEC)

/* What a job may wait for a process, on top of its own limit. */
#define QUEUE_USEC (30 * USEC_PER_SEC)

/* So many are started as soon as there are jobs for them. Looks take less time
 * than a fork: more processes help only if these hang, which shows in a moment. */
#define WORKERS_EAGER 4

#define HURRY_USEC (20 * USEC_PER_MSEC)

/* A worker that has had nothing to do for so long is ended. */
#define IDLE_USEC (2 * USEC_PER_SEC)

/* Between a worker's last word and its end. */
#define EXIT_USEC (1 * USEC_PER_SEC)

/* What the daemon's own end waits for a worker that it has killed. */
#define REAP_MSEC 100

typedef struct Process Process;

/* A job, from workers_run() to its last callback. */
typedef struct Task {
        Workers *workers;
        struct Task *next, *previous;   /* among those that wait */
        uint64_t ticket;
        char *packet;
        size_t size;
        int fds[PACKET_FDS_MAX];
        size_t n_fds;
        char *machine;
        uint64_t limit_usec;
        bool alone;
        WorkerProgress progress;
        WorkerDone done;
        void *userdata;
        Process *process;               /* NULL while it waits */
        sd_event_source *timeout;
} Task;

typedef enum ProcessState {
        PROCESS_ENDING,                 /* killed; it is not known when it hears of that */
        PROCESS_IDLE,
        PROCESS_BUSY,                   /* and stays for the next job */
        PROCESS_ALONE,                  /* and does not */
} ProcessState;

struct Process {
        Workers *workers;
        Process *next, *previous;
        ProcessState state;
        int pidfd;
        int socket;
        sd_event_source *io;
        sd_event_source *exited;
        Task *task;                     /* if it is busy */
        char *machine;                  /* whom it works for, or hangs in */
        uint64_t idle_since;
};

struct Workers {
        sd_event *event;
        char *program;
        uint64_t last_ticket;
        Process *processes;             /* who was used last comes first */
        size_t n_processes;
        size_t n_idle;
        size_t n_pool;                  /* that are idle or will be */
        Task *first, *last;             /* that wait */
        size_t n_waiting;
        sd_event_source *hurry;
        sd_event_source *sweep;
        char *buffer;                   /* for one packet */
};

static void dispatch(Workers *w, bool hurry);

static uint64_t now_usec(void) {
        struct timespec t = {};

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / NSEC_PER_USEC;
}

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

static void unlink_process(Process *p) {
        if (p->previous)
                p->previous->next = p->next;
        else
                p->workers->processes = p->next;
        if (p->next)
                p->next->previous = p->previous;
}

static void link_process(Process *p) {
        Workers *w = p->workers;

        p->previous = NULL;
        p->next = w->processes;
        if (p->next)
                p->next->previous = p;
        w->processes = p;
}

static bool is_of_pool(ProcessState state) {
        return state == PROCESS_IDLE || state == PROCESS_BUSY;
}

static void process_set_state(Process *p, ProcessState state) {
        Workers *w = p->workers;

        w->n_idle = w->n_idle + (state == PROCESS_IDLE) - (p->state == PROCESS_IDLE);
        w->n_pool = w->n_pool + is_of_pool(state) - is_of_pool(p->state);
        p->state = state;
}

static Process *process_free(Process *p) {
        if (!p)
                return NULL;

        process_set_state(p, PROCESS_ENDING);
        unlink_process(p);
        p->workers->n_processes--;

        sd_event_source_disable_unref(p->io);
        sd_event_source_disable_unref(p->exited);
        closep(&p->socket);
        closep(&p->pidfd);
        free(p->machine);
        free(p);
        return NULL;
}

/* Its end is heard of later, or never: one that sleeps in a guest's broken file
 * system cannot be killed before that lets it go. */
static void process_kill(Process *p) {
        process_set_state(p, PROCESS_ENDING);
        p->task = NULL;
        p->io = sd_event_source_disable_unref(p->io);
        closep(&p->socket);
        p->socket = -EBADF;
        (void) process_signal(p->pidfd, SIGKILL);
}

static int on_sweep(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        uint64_t now = now_usec(), next = UINT64_MAX;
        Workers *w = userdata;

        for (Process *p = w->processes; p; p = p->next) {
                /* If it still cannot be reaped, we are here again. */
                if (sd_event_source_get_enabled(p->exited, NULL) == 0)
                        (void) sd_event_source_set_enabled(p->exited, SD_EVENT_ONESHOT);

                if (p->state != PROCESS_IDLE)
                        continue;

                if (p->idle_since + IDLE_USEC <= now)
                        process_kill(p);
                else
                        next = MIN(next, p->idle_since + IDLE_USEC);
        }

        if (next == UINT64_MAX)
                return 0;

        (void) sd_event_source_set_time(w->sweep, next);
        return sd_event_source_set_enabled(w->sweep, SD_EVENT_ONESHOT);
}

static int on_hurry(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        dispatch(userdata, /* hurry= */ true);
        return 0;
}

/* One timer for all there is to do, started when there is something and it does not run. */
static int start_timer(
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

static void process_rest(Process *p) {
        p->task = NULL;
        free(p->machine);
        p->machine = NULL;

        if (p->state == PROCESS_ALONE ||
            start_timer(p->workers, &p->workers->sweep, IDLE_USEC, on_sweep) < 0) {
                process_kill(p);
                return;
        }

        process_set_state(p, PROCESS_IDLE);
        p->idle_since = now_usec();
        unlink_process(p);
        link_process(p);
}

/* The last thing to be done by whoever calls it: the callback may do anything. */
static void task_finish(Task *t, int result, const char *text, WorkerAnswer *answer) {
        Workers *w = t->workers;

        dequeue(t);
        t->done(t->userdata, result, isempty(text) ? NULL : text, result < 0 ? NULL : answer);
        (void) task_free(t);
        dispatch(w, /* hurry= */ false);
}

/* The worker of a task has disqualified itself. */
static void task_abort(Task *t, int error) {
        if (t->process)
                process_kill(t->process);

        t->process = NULL;
        task_finish(t, error, NULL, NULL);
}

static int on_timeout(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Task *t = userdata;

        /* Without a socket it is one that said goodbye, but does not leave. */
        task_abort(t, t->process && t->process->socket < 0 ? -EIO : -ETIMEDOUT);
        return 0;
}

static int task_set_timeout(Task *t, uint64_t usec) {
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

/* Not one of sd-event's sources for children: those lose the end of a process that cannot be
 * reaped at once, because somebody traces it; and whether they reap it at all, when it is
 * freed by its callback, depends on their version. */
static int on_exited(
                _unused_ sd_event_source *source,
                int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        Process *p = userdata;
        Workers *w = p->workers;
        Task *t = p->task;
        siginfo_t si = {};
        int error = -EIO;

        if (waitid(P_PIDFD, (id_t) fd, &si, WEXITED | WNOHANG) >= 0 && si.si_pid == 0)
                return start_timer(w, &w->sweep, IDLE_USEC, on_sweep);

        if (si.si_code == CLD_EXITED && si.si_status == SPAWN_EXIT_EXEC)
                error = -ENOEXEC;

        (void) process_free(p);
        if (t) {
                t->process = NULL;
                task_finish(t, error, NULL, NULL);
        }

        /* There is one less, whose place may be wanted. */
        dispatch(w, /* hurry= */ true);
        return 0;
}

/* It ends, or should. How, its exit status tells, if it comes in time. */
static void on_hangup(Process *p) {
        Task *t = p->task;

        process_kill(p);
        if (!t)
                return;

        p->task = t;
        if (task_set_timeout(t, EXIT_USEC) < 0)
                task_abort(t, -EIO);
}

static void on_answer(Process *p, JobAnswer *answer) {
        WorkerAnswer found = {
                .data = answer->data,
                .size = answer->size,
                .fds = answer->fds,
                .n_fds = answer->n_fds,
        };
        Task *t = p->task;

        t->process = NULL;
        if (answer->is_leaving)
                process_kill(p);
        else
                process_rest(p);
        task_finish(t, answer->result, answer->result < 0 ? answer->data : NULL, &found);
}

/* Who goes on has more time. */
static void on_progress(Task *t, const JobAnswer *news) {
        if (task_set_timeout(t, t->limit_usec) < 0)
                task_abort(t, -ENOMEM);
        else if (t->progress)
                t->progress(t->userdata, news->data, news->size);
}

static int on_packet(
                _unused_ sd_event_source *source,
                int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        Process *p = userdata;
        JobAnswer answer = {};
        int r;

        r = answer_receive(fd, p->workers->buffer, &answer);
        if (r == -EAGAIN)
                return 0;

        if (r == 0 || r == -ECONNRESET)
                on_hangup(p);
        else if (p->state == PROCESS_IDLE)
                process_kill(p); /* nobody has asked */
        else if (r < 0)
                task_abort(p->task, r);
        else if (!answer.is_progress)
                on_answer(p, &answer);
        else
                on_progress(p->task, &answer);

        fds_close(answer.fds, answer.n_fds);
        return 0;
}

static int watch(Process *p) {
        sd_event *event = p->workers->event;
        int r;

        r = sd_event_add_io(event, &p->io, p->socket, EPOLLIN, on_packet, p);
        if (r < 0)
                return r;

        r = sd_event_add_io(event, &p->exited, p->pidfd, EPOLLIN, on_exited, p);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(p->exited, SD_EVENT_ONESHOT);
        if (r < 0)
                return r;

        /* What it has said counts, even if it is gone by now. */
        return sd_event_source_set_priority(p->exited, SD_EVENT_PRIORITY_NORMAL + 1);
}

static int spawn_worker(Process *p) {
        char *argv[] = { (char *) "berth-worker", NULL };
        char *environment[] = { NULL };
        _cleanup_close_ int theirs = -EBADF;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        p->socket = pair[0];
        theirs = pair[1];

        p->pidfd = spawn(&(SpawnRequest) {
                        .path = p->workers->program,
                        .argv = argv,
                        .environment = environment,
                        .stdin_fd = -EBADF,
                        .stdout_fd = -EBADF,
                        .cgroup_fd = -EBADF,
                        .extra_fd = theirs }, NULL);
        return p->pidfd < 0 ? p->pidfd : 0;
}

static int process_new(Workers *w, Process **ret) {
        Process *p;
        int r;

        p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;

        *p = (Process) { .workers = w, .pidfd = -EBADF, .socket = -EBADF };
        link_process(p);
        w->n_processes++;

        r = spawn_worker(p);
        if (r < 0) {
                (void) process_free(p);
                return r;
        }

        r = watch(p);
        if (r < 0) {
                process_kill(p);
                if (!p->exited) {
                        (void) waitid(P_PIDFD, (id_t) p->pidfd, NULL, WEXITED | WNOHANG);
                        (void) process_free(p);
                }
                return r;
        }

        *ret = p;
        return 0;
}

static int process_give(Process *p, Task *t) {
        const struct iovec part = { .iov_base = t->packet, .iov_len = t->size };
        _cleanup_free_ char *machine = NULL;
        int r;

        if (t->machine) {
                machine = strdup(t->machine);
                if (!machine)
                        return -ENOMEM;
        }

        r = task_set_timeout(t, t->limit_usec);
        if (r < 0)
                return r;

        r = packet_send(p->socket, &part, 1, t->fds, t->n_fds, MSG_DONTWAIT);
        if (r < 0)
                return r;

        /* The worker has its own copies: what holds on to a guest is only kept as long as it must be. */
        fds_close(t->fds, t->n_fds);
        t->n_fds = 0;
        free(t->packet);
        t->packet = NULL;

        dequeue(t);
        t->process = p;
        p->task = t;
        process_set_state(p, t->alone ? PROCESS_ALONE : PROCESS_BUSY);
        p->machine = TAKE_PTR(machine);
        return 0;
}

/* Who is found first has been used last. */
static Process *find_idle(Workers *w) {
        for (Process *p = w->processes; p; p = p->next)
                if (p->state == PROCESS_IDLE)
                        return p;

        return NULL;
}

static size_t count_of_machine(Workers *w, const char *machine) {
        size_t n = 0;

        for (Process *p = w->processes; machine && p; p = p->next)
                n += streq_ptr(p->machine, machine);

        return n;
}

/* Returns 1 if it could go on in an idle process, 0 if there is none. */
static int task_reuse(Task *t) {
        Process *p;
        int r;

        while ((p = find_idle(t->workers))) {
                r = process_give(p, t);
                if (r != -EPIPE && r != -ECONNRESET)
                        return r < 0 ? r : 1;

                process_kill(p); /* it is gone, and we are about to hear of it */
        }

        return 0;
}

static bool has_room(const Workers *w, const Task *t, bool hurry) {
        if (t->alone && w->n_processes - w->n_pool >= WORKERS_ALONE_MAX)
                return false;
        if (w->n_idle > 0)
                return true;

        return w->n_processes < WORKERS_MAX && (t->alone || hurry || w->n_pool < WORKERS_EAGER);
}

/* Returns 1 if it runs, 0 if it has to wait. */
static int task_start(Task *t, bool hurry) {
        Workers *w = t->workers;
        Process *p;
        int r;

        if (!has_room(w, t, hurry) || count_of_machine(w, t->machine) >= WORKERS_PER_MACHINE)
                return 0;

        r = task_reuse(t);
        if (r != 0)
                return r;

        if (!has_room(w, t, hurry)) /* who was idle turned out to be dead */
                return 0;

        r = process_new(w, &p);
        if (r < 0)
                return r;

        r = process_give(p, t);
        if (r < 0)
                process_kill(p);

        return r < 0 ? r : 1;
}

/* Starts what can be started, first come, first served. */
static void dispatch(Workers *w, bool hurry) {
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
                .alone = job->alone,
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

        r = start_timer(w, &w->hurry, HURRY_USEC, on_hurry);
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
                r = task_wait(t);
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

        for (Process *p = w->processes; p; p = p->next)
                if (p->task && p->task->ticket == ticket) {
                        (void) task_free(p->task);
                        process_kill(p);
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

/* A kill needs no patience, but for one that cannot be killed: init gets that. */
static void process_end(Process *p) {
        struct pollfd poller = { .fd = p->pidfd, .events = POLLIN };

        if (p->task)
                (void) task_free(p->task);
        process_kill(p);
        if (poll(&poller, 1, REAP_MSEC) > 0)
                (void) waitid(P_PIDFD, (id_t) p->pidfd, NULL, WEXITED | WNOHANG);
        (void) process_free(p);
}

Workers *workers_free(Workers *w) {
        if (!w)
                return NULL;

        while (w->first)
                (void) task_free(w->first);
        while (w->processes)
                process_end(w->processes);

        sd_event_source_disable_unref(w->hurry);
        sd_event_source_disable_unref(w->sweep);
        sd_event_unref(w->event);
        free(w->program);
        free(w->buffer);
        free(w);
        return NULL;
}
