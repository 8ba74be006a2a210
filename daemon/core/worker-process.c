/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/core/worker-private.h"
#include "lib/base/clock.h"
#include "lib/kernel/process.h"
#include "lib/kernel/socket.h"
#include "lib/kernel/spawn.h"

/* A worker that has had nothing to do for so long is ended. */
#define IDLE_USEC (2 * USEC_PER_SEC)

/* Between a worker's last word and its end. */
#define EXIT_USEC (1 * USEC_PER_SEC)

/* What the daemon's own end waits for a worker that it has killed. */
#define REAP_MSEC 100

static void unlink_process(WorkerProcess *p) {
        if (p->previous)
                p->previous->next = p->next;
        else
                p->workers->processes = p->next;
        if (p->next)
                p->next->previous = p->previous;
}

static void link_process(WorkerProcess *p) {
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

static void process_set_state(WorkerProcess *p, ProcessState state) {
        Workers *w = p->workers;

        w->n_idle = w->n_idle + (state == PROCESS_IDLE) - (p->state == PROCESS_IDLE);
        w->n_pool = w->n_pool + is_of_pool(state) - is_of_pool(p->state);
        p->state = state;
}

static WorkerProcess *process_free(WorkerProcess *p) {
        if (!p)
                return NULL;

        process_set_state(p, PROCESS_ENDING);
        unlink_process(p);
        p->workers->n_processes--;
        p->workers->n_staying -= p->stays;

        sd_event_source_disable_unref(p->io);
        sd_event_source_disable_unref(p->exited);
        closep(&p->socket);
        closep(&p->pidfd);
        free(p->machine);
        free(p);
        return NULL;
}

void worker_process_kill(WorkerProcess *p) {
        process_set_state(p, PROCESS_ENDING);
        p->task = NULL;
        p->io = sd_event_source_disable_unref(p->io);
        closep(&p->socket);
        p->socket = -EBADF;
        if (p->pidfd >= 0)
                (void) process_signal(p->pidfd, SIGKILL);
        else
                (void) process_free(p); /* whose child it is ends it, as nobody has its other end any more */
}

/* A kill needs no patience, but for one that cannot be killed: init gets that. */
void worker_process_end(WorkerProcess *p) {
        struct pollfd poller = { .fd = p->pidfd, .events = POLLIN };

        worker_process_kill(p);
        if (poller.fd < 0)
                return;
        if (poll(&poller, 1, REAP_MSEC) > 0)
                (void) waitid(P_PIDFD, (id_t) p->pidfd, NULL, WEXITED | WNOHANG);
        (void) process_free(p);
}

static int on_sweep(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        uint64_t now = clock_now_usec(), next = UINT64_MAX;
        Workers *w = userdata;

        for (WorkerProcess *p = w->processes; p; p = p->next) {
                /* If it still cannot be reaped, we are here again. */
                if (p->exited && sd_event_source_get_enabled(p->exited, NULL) == 0)
                        (void) sd_event_source_set_enabled(p->exited, SD_EVENT_ONESHOT);

                if (p->state != PROCESS_IDLE)
                        continue;

                if (p->idle_since + IDLE_USEC <= now)
                        worker_process_kill(p);
                else
                        next = MIN(next, p->idle_since + IDLE_USEC);
        }

        if (next == UINT64_MAX)
                return 0;

        (void) sd_event_source_set_time(w->sweep, next);
        return sd_event_source_set_enabled(w->sweep, SD_EVENT_ONESHOT);
}

static void process_rest(WorkerProcess *p) {
        p->task = NULL;
        free(p->machine);
        p->machine = NULL;

        if (p->state == PROCESS_ALONE ||
            workers_start_timer(p->workers, &p->workers->sweep, IDLE_USEC, on_sweep) < 0) {
                worker_process_kill(p);
                return;
        }

        process_set_state(p, PROCESS_IDLE);
        p->idle_since = clock_now_usec();
        unlink_process(p);
        link_process(p);
}

/* Not one of sd-event's sources for children: those lose the end of a process that cannot be
 * reaped at once, because somebody traces it; and whether they reap it at all, when it is
 * freed by its callback, depends on their version. */
static int on_exited(
                _unused_ sd_event_source *source,
                int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        WorkerProcess *p = userdata;
        Workers *w = p->workers;
        Task *t = p->task;
        siginfo_t si = {};
        int error = -EIO;

        if (waitid(P_PIDFD, (id_t) fd, &si, WEXITED | WNOHANG) >= 0 && si.si_pid == 0)
                return workers_start_timer(w, &w->sweep, IDLE_USEC, on_sweep);

        if (si.si_code == CLD_EXITED && si.si_status == SPAWN_EXIT_EXEC)
                error = -ENOEXEC;

        (void) process_free(p);
        if (t) {
                t->process = NULL;
                task_finish(t, error, NULL, NULL);
        }

        /* There is one less, whose place may be wanted. */
        workers_dispatch(w, /* hurry= */ true);
        return 0;
}

/* It ends, or should. How, its exit status tells, if it comes in time. */
static void on_hangup(WorkerProcess *p) {
        Task *t = p->task;

        if (t && p->pidfd < 0) {
                task_abort(t, -EIO);
                return;
        }

        worker_process_kill(p);
        if (!t)
                return;

        p->task = t;
        if (task_set_timeout(t, EXIT_USEC) < 0)
                task_abort(t, -EIO);
}

static WorkerAnswer as_worker_answer(JobAnswer *answer) {
        return (WorkerAnswer) {
                .data = answer->data,
                .size = answer->size,
                .fds = answer->fds,
                .n_fds = answer->n_fds,
        };
}

static void on_answer(WorkerProcess *p, JobAnswer *answer) {
        WorkerAnswer found = as_worker_answer(answer);
        Task *t = p->task;

        t->process = NULL;
        if (answer->is_leaving)
                worker_process_kill(p);
        else
                process_rest(p);
        task_finish(t, answer->result, answer->result < 0 ? answer->data : NULL, &found);
}

/* Who goes on has more time. */
static void on_progress(Task *t, JobAnswer *answer) {
        WorkerAnswer news = as_worker_answer(answer);

        if (task_set_timeout(t, t->stays ? UINT64_MAX : t->limit_usec) < 0)
                task_abort(t, -ENOMEM);
        else if (t->progress)
                t->progress(t->userdata, &news);
}

static int on_packet(
                _unused_ sd_event_source *source,
                int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        WorkerProcess *p = userdata;
        JobAnswer answer = {};
        int r;

        r = answer_receive(fd, p->workers->buffer, &answer);
        if (r == -EAGAIN)
                return 0;

        if (r == 0 || r == -ECONNRESET)
                on_hangup(p);
        else if (p->state == PROCESS_IDLE)
                worker_process_kill(p); /* nobody has asked */
        else if (r < 0)
                task_abort(p->task, r);
        else if (!answer.is_progress)
                on_answer(p, &answer);
        else
                on_progress(p->task, &answer);

        fds_close(answer.fds, answer.n_fds);
        return 0;
}

static int watch(WorkerProcess *p) {
        sd_event *event = p->workers->event;
        int r;

        r = sd_event_add_io(event, &p->io, p->socket, EPOLLIN, on_packet, p);
        if (r < 0 || p->pidfd < 0)
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

static int spawn_worker(WorkerProcess *p) {
        char *argv[] = { (char *) "berth-worker", NULL };
        char *environment[] = { NULL };
        _cleanup_close_ int theirs = -EBADF;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        p->socket = pair[0];
        theirs = pair[1];

        p->pidfd = spawn(&(SpawnRequest) {
                        .path = p->stays && p->workers->joiner ? p->workers->joiner : p->workers->program,
                        .argv = argv,
                        .environment = environment,
                        .stdin_fd = -EBADF,
                        .stdout_fd = -EBADF,
                        .cgroup_fd = -EBADF,
                        .extra_fd = theirs }, NULL);
        return p->pidfd < 0 ? p->pidfd : 0;
}

/* Whoever listens there forks one for us. */
static int connect_worker(WorkerProcess *p) {
        p->socket = socket_connect(p->workers->joiner_socket, SOCK_SEQPACKET);
        return MIN(p->socket, 0);
}

int worker_process_new(Workers *w, bool stays, WorkerProcess **ret) {
        WorkerProcess *p;
        int r;

        p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;

        *p = (WorkerProcess) { .workers = w, .stays = stays, .pidfd = -EBADF, .socket = -EBADF };
        link_process(p);
        w->n_processes++;
        w->n_staying += stays;

        r = stays && w->joiner_socket ? connect_worker(p) : spawn_worker(p);
        if (r < 0) {
                (void) process_free(p);
                return r;
        }

        r = watch(p);
        if (r < 0) {
                if (p->pidfd < 0) {
                        (void) process_free(p);
                        return r;
                }
                worker_process_kill(p);
                if (!p->exited) {
                        (void) waitid(P_PIDFD, (id_t) p->pidfd, NULL, WEXITED | WNOHANG);
                        (void) process_free(p);
                }
                return r;
        }

        *ret = p;
        return 0;
}

int worker_process_give(WorkerProcess *p, Task *t, bool is_new) {
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

        /* A new one that has gone by now could not be executed, and how is told in a moment. */
        r = packet_send(p->socket, &part, 1, t->fds, t->n_fds, MSG_DONTWAIT);
        if (r < 0 && !(is_new && (r == -EPIPE || r == -ECONNRESET)))
                return r;

        /* The worker has its own copies: what holds on to a guest is only kept as long as it must be. */
        fds_close(t->fds, t->n_fds);
        t->n_fds = 0;
        free(t->packet);
        t->packet = NULL;

        t->process = p;
        p->task = t;
        process_set_state(p, t->alone ? PROCESS_ALONE : PROCESS_BUSY);
        p->machine = TAKE_PTR(machine);
        return 0;
}
