/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Workers
 *
 * What looks into a guest is done by berth-worker, a child process per job: a
 * guest may make any look at its files hang, or have no end. A worker gets one
 * descriptor of the guest, and has some seconds and some bytes for its answer.
 */

#include <systemd/sd-event.h>

#include "lib/base/base.h"

/* As many operations as machined allows at a time. */
#define WORKERS_MAX 64

typedef struct Workers Workers;

/**
 * typedef WorkerDone - what a worker has found
 * @userdata:           what came with the job
 * @result:             0, or a negative error code
 * @answer:             what it printed, on success
 */
typedef void (*WorkerDone)(void *userdata, int result, const char *answer);

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
 * Return: NULL, always.
 */
Workers *workers_free(Workers *w);
DEFINE_CLEANUP(Workers, workers_free);

/**
 * workers_run() - run one job
 * @w:                  the workers
 * @job:                its name, an argument of berth-worker
 * @fd:                 descriptor that it works on; borrowed
 * @done:               told the answer; never before this function returns
 * @userdata:           for that
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBUSY       WORKERS_MAX are running
 *         others       what spawn() runs into
 */
int workers_run(Workers *w, const char *job, int fd, WorkerDone done, void *userdata);
