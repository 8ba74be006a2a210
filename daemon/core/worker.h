/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Workers
 *
 * What looks into a guest, or may take long, is done by berth-worker in a process
 * of its own: a guest can make any look at its files hang, or have no end. A
 * worker stays for the next job; a few of them are enough for looks, which take
 * no time. One that hangs is killed at its limit, and it is nobody's problem but
 * that of the one who asked. Nothing here ever waits.
 *
 * Jobs and their answers are those of lib/kernel/job.h.
 */

#include <systemd/sd-event.h>

#include "lib/base/base.h"
#include "lib/kernel/job.h"

/* Processes at a time, as many as machined allows of operations. */
#define WORKERS_MAX 64

/* Of these, so many for jobs that may take long: they leave some to those that do not. */
#define WORKERS_ALONE_MAX 60

/* Of these, so many for one machine, so that one which hangs leaves the others theirs. */
#define WORKERS_PER_MACHINE 16

/* Jobs that stay as long as a program that they have started: beside all others, and never waiting. */
#define WORKERS_STAYING_MAX 1024
#define WORKERS_STAYING_PER_MACHINE 256

/* Jobs that wait for a process, of all machines and of one. */
#define WORKERS_QUEUE_MAX 1024
#define WORKERS_QUEUE_PER_MACHINE 512

typedef struct Workers Workers;

typedef struct WorkerAnswer {
        const char *data;       /* with a NUL behind it */
        size_t size;
        int *fds;               /* who keeps one sets it to -EBADF */
        size_t n_fds;
} WorkerAnswer;

/**
 * typedef WorkerDone - what a worker has found
 * @userdata:           what came with the job
 * @result:             0 or more, or a negative error code: -ETIMEDOUT, -EIO for
 *                      a worker that died, -EPROTO and -EFBIG for one that
 *                      talks nonsense, or what the job ran into
 * @text:               what the worker says went wrong, or NULL
 * @answer:             what it found, on success; else NULL
 */
typedef void (*WorkerDone)(void *userdata, int result, const char *text, WorkerAnswer *answer);

/* How far a job is, as it tells itself; descriptors are kept as those of the answer. */
typedef void (*WorkerProgress)(void *userdata, WorkerAnswer *news);

typedef struct WorkerJob {
        const char *name;               /* a row of berth-worker's job table */
        char *const *args;              /* strings, or NULL */
        const int *fds;                 /* borrowed; the worker gets copies, in this order */
        size_t n_fds;
        const char *machine;            /* whom the job is about, or NULL */
        uid_t uid;                      /* whose rights it has on files, 0 for root's */
        gid_t gid;
        uint64_t limit_usec;            /* until news of progress, if not the end; 0: some seconds;
                                         * UINT64_MAX: none */
        bool alone;                     /* joins namespaces, or takes long: no other job afterwards */
        bool stays;                     /* alone, and has no limit of time once it has told of progress */
        WorkerProgress progress;        /* or NULL */
} WorkerJob;

/**
 * workers_new() - get ready to run workers
 * @event:              event loop; a reference is taken
 * @program:            path of berth-worker
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int workers_new(sd_event *event, const char *program, Workers **ret);

/**
 * workers_free() - end all workers
 * @w:                  the object, or NULL
 *
 * Nobody is told what becomes of the jobs. Not to be called by a WorkerDone.
 *
 * Return: NULL, always.
 */
Workers *workers_free(Workers *w);
DEFINE_CLEANUP(Workers, workers_free);

/**
 * workers_set_joiner() - say who does the jobs that stay
 * @w:                  the workers
 * @program:            path of berth-exec
 * @socket:             where one of those listens that systemd has started, or NULL
 *                      to start one for each job
 *
 * They start programs in machines, and what they are restricted in, those are: so they
 * cannot be children of a daemon that is. Without this, they are workers as all others.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int workers_set_joiner(Workers *w, const char *program, const char *socket);

/**
 * workers_run() - run one job
 * @w:                  the workers
 * @job:                the job; copied
 * @done:               told the answer; never before this function returns
 * @userdata:           for that
 * @ret_ticket:         return location for what workers_cancel() wants, or NULL
 *
 * A job waits if there is no process for it, some seconds longer than it may
 * take itself; one that stays does not.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_LIMITS_EXCEEDED   too many are waiting already, or stay
 *         -E2BIG               its arguments are too long
 *         others               what spawn() runs into
 */
int workers_run(Workers *w, const WorkerJob *job, WorkerDone done, void *userdata, uint64_t *ret_ticket);

/**
 * workers_cancel() - give up a job
 * @w:                  the workers
 * @ticket:             which one; it may be over
 *
 * Its process is killed, and its callbacks are not called any more.
 */
void workers_cancel(Workers *w, uint64_t ticket);

/* How many processes there are, also those that are about to end. */
size_t workers_count(const Workers *w);
