/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The workers' inside
 *
 * For the two files that they are: worker-jobs.c has the jobs, and says which of
 * them waits and which is given to whom; worker-process.c has the processes, what
 * they say, and their ends. Nobody else looks in here.
 */

#include "daemon/core/worker.h"

typedef struct WorkerProcess WorkerProcess;

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
        bool stays;
        WorkerProgress progress;
        WorkerDone done;
        void *userdata;
        WorkerProcess *process;         /* NULL while it waits */
        sd_event_source *timeout;
} Task;

typedef enum ProcessState {
        PROCESS_ENDING,                 /* killed; it is not known when it hears of that */
        PROCESS_IDLE,
        PROCESS_BUSY,                   /* and stays for the next job */
        PROCESS_ALONE,                  /* and does not */
} ProcessState;

struct WorkerProcess {
        Workers *workers;
        WorkerProcess *next, *previous;
        ProcessState state;
        bool stays;                     /* counted apart */
        int pidfd;                      /* -EBADF if it is another's child: it ends with its socket */
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
        char *joiner;                   /* program for jobs that stay, or NULL */
        char *joiner_socket;            /* where it listens, or NULL */
        uint64_t last_ticket;
        WorkerProcess *processes;       /* who was used last comes first */
        size_t n_processes;
        size_t n_staying;               /* of those */
        size_t n_idle;
        size_t n_pool;                  /* that are idle or will be */
        Task *first, *last;             /* that wait */
        size_t n_waiting;
        sd_event_source *hurry;
        sd_event_source *sweep;
        char *buffer;                   /* for one packet */
};

/* The last thing to be done by whoever calls it: the callback may do anything. */
void task_finish(Task *t, int result, const char *text, WorkerAnswer *answer);

/* The worker of a task has disqualified itself. To be called last, too. */
void task_abort(Task *t, int error);

/* From now on; UINT64_MAX is none. */
int task_set_timeout(Task *t, uint64_t usec);

/* Starts what can be started, first come, first served; in a hurry, with more processes. */
void workers_dispatch(Workers *w, bool hurry);

/* One timer for all there is to do, started when there is something and it does not run. */
int workers_start_timer(
                Workers *w,
                sd_event_source **source,
                uint64_t usec,
                sd_event_time_handler_t handler);

/* A new process, to be given a task at once; for one that stays, or not. */
int worker_process_new(Workers *w, bool stays, WorkerProcess **ret);

/* Has it work for a task, which must not wait any more if this returns 0. One that had work before
 * and has gone is an error; a new one that has gone is heard of as any other. */
int worker_process_give(WorkerProcess *p, Task *t, bool is_new);

/* Its task is over, for all that it knows. Its end is heard of later, or never: one that
 * sleeps in a guest's broken file system cannot be killed before that lets it go. */
void worker_process_kill(WorkerProcess *p);

/* Kills it, reaps it if that takes no patience, and frees it. */
void worker_process_end(WorkerProcess *p);
