/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A worker's side of jobs
 *
 * A job is a function and a row of the table in main.c. It finds its arguments
 * and descriptors in the Job, fills the answer with the calls below, and returns
 * 0 or a negative error code. What it opened and did not answer with is to be
 * closed when it returns: the worker goes on with the next job.
 */

#include "lib/base/base.h"
#include "lib/kernel/job.h"

typedef struct Job {
        char **args;            /* the job's name, its arguments, NULL */
        size_t n_args;          /* without the name */
        int fds[PACKET_FDS_MAX];
        size_t n_fds;
        uid_t uid;              /* whose rights on files it has */
        gid_t gid;

        int socket;
        JobAnswer answer;
        char *data;             /* of the answer */
        bool has_failed;        /* and data is what went wrong */
} Job;

typedef struct JobRow {
        const char *name;
        int (*run)(Job *job);
        size_t n_args;          /* so many, or more */
        size_t n_fds;
} JobRow;

/* The argument behind the name that has the number @i, from 0 on. */
static inline const char *job_arg(const Job *job, size_t i) {
        return i < job->n_args ? job->args[i + 1] : NULL;
}

/**
 * worker_serve() - do all jobs that come
 * @socket:             where they come from
 * @rows:               the jobs that are known
 * @n_rows:             their number
 *
 * Return: 0 when berthd has gone or wants no more, negative error code on failure.
 * Errors: -EPERM       there is no way back from the user of the last job
 *         others       what the socket runs into
 */
int worker_serve(int socket, const JobRow *rows, size_t n_rows);

/**
 * worker_serve_child() - do all jobs that come, as the child of another process
 * @socket:             where they come from
 * @parent:             who has forked us, and without whom we end
 * @rows:               the jobs that are known
 * @n_rows:             their number
 *
 * Return: as worker_serve()
 */
int worker_serve_child(int socket, pid_t parent, const JobRow *rows, size_t n_rows);

/**
 * worker_become_root() - become root of a guest's user namespace, and nobody else
 * @users_fd:           the namespace
 *
 * There is no way back: the job must be one that runs alone, or a process of its own.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EOPNOTSUPP  the namespace has no root user
 *         others       what setns() and changing ids run into
 */
int worker_become_root(int users_fd);

/**
 * job_answer() - answer with some bytes
 * @job:                the job
 * @data:               the bytes; copied
 * @size:               their number
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EFBIG       more than ANSWER_SIZE_MAX
 *         -ENOMEM
 */
int job_answer(Job *job, const void *data, size_t size);

/**
 * job_answer_fd() - answer with a descriptor
 * @job:                the job
 * @fd:                 the descriptor; taken over in any case
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E2BIG       more than PACKET_FDS_MAX of them
 */
int job_answer_fd(Job *job, int fd);

/**
 * job_fail() - say what went wrong
 * @job:                the job
 * @error:              negative error code
 * @format:             a sentence for the caller, without the error's own text
 *
 * Return: @error, for the job to return.
 */
int job_fail(Job *job, int error, const char *format, ...) _printf_(3, 4);

/**
 * job_progress() - tell how far a job is
 * @job:                the job
 * @data:               what its caller understands
 * @size:               number of bytes
 *
 * Nobody waits for that: what berthd has no time to read gets lost.
 */
void job_progress(Job *job, const void *data, size_t size);

/**
 * job_progress_fds() - tell of progress, with descriptors
 * @job:                the job
 * @data:               what its caller understands
 * @size:               number of bytes
 * @fds:                descriptors; borrowed
 * @n_fds:              their number
 *
 * Return: 0 on success, negative error code on failure: nobody has been told.
 * Errors: as answer_send()
 */
int job_progress_fds(Job *job, const void *data, size_t size, const int *fds, size_t n_fds);
