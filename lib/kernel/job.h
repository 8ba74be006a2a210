/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Jobs
 *
 * What berthd and berth-worker say to each other, one packet each: a job goes
 * down with the descriptors that it works on, an answer comes back, after any
 * number of packets that tell of progress. A failed job's answer is a text that
 * says what went wrong, or nothing.
 */

#include "lib/base/base.h"
#include "lib/kernel/packet.h"

/* Where a worker finds its socket. */
#define JOB_SOCKET_FD 3

/* Of a job, with all its arguments. A socket takes it at once. */
#define JOB_SIZE_MAX ((size_t) 128 << 10)
#define JOB_ARGS_MAX 4096

#define ANSWER_SIZE_MAX ((size_t) 64 << 10)

typedef struct JobAnswer {
        int result;             /* 0 or more, or a negative error code */
        bool is_progress;       /* and not the last word */
        bool is_leaving;        /* the worker can do no other job */
        const char *data;       /* with a NUL behind it */
        size_t size;
        int fds[PACKET_FDS_MAX];
        size_t n_fds;
} JobAnswer;

/**
 * job_pack() - make a packet of a job
 * @name:               the job's name
 * @args:               its arguments, or NULL
 * @uid:                user whose rights on files it has
 * @gid:                group whose rights on files it has
 * @ret:                return location for the packet
 * @ret_size:           return location for its size
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E2BIG       too many arguments, or too long ones
 *         -ENOMEM
 */
int job_pack(const char *name, char *const *args, uid_t uid, gid_t gid, char **ret, size_t *ret_size);

/**
 * job_unpack() - read a job's packet
 * @packet:             the packet
 * @size:               its size
 * @ret_args:           return location for a list of the job's name and its
 *                      arguments; it is to be freed, but not what is in it,
 *                      which lies in @packet
 * @ret_uid:            return location for the user
 * @ret_gid:            return location for the group
 *
 * Return: the number of strings in the list, at least 1; negative error code on
 *         failure.
 * Errors: -EPROTO      not a job, or of another version of berthd
 *         -ENOMEM
 */
int job_unpack(char *packet, size_t size, char ***ret_args, uid_t *ret_uid, gid_t *ret_gid);

/**
 * answer_send() - answer a job
 * @fd:                 the socket
 * @answer:             the answer; its descriptors are borrowed
 *
 * News of progress get lost if berthd does not listen; the answer does not.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EFBIG       more than ANSWER_SIZE_MAX bytes
 *         others       as packet_send()
 */
int answer_send(int fd, const JobAnswer *answer);

/**
 * answer_receive() - receive a packet of an answer
 * @fd:                 the socket
 * @buffer:             place for ANSWER_BUFFER_SIZE bytes, where the data stays
 * @ret:                return location for the answer
 *
 * Whoever sends it is not believed: its result is an error code or not negative,
 * and the text of a failure may be printed.
 *
 * Return: 1 on success, 0 if the other has gone, negative error code on failure.
 * Errors: -EAGAIN      there is none
 *         -EFBIG       it is too large
 *         -EPROTO      not an answer
 *         others       what recvmsg() runs into
 */
int answer_receive(int fd, char *buffer, JobAnswer *ret);

typedef struct AnswerHeader {
        uint32_t version;
        int32_t result;
        uint32_t is_progress;
        uint32_t is_leaving;
} AnswerHeader;

#define ANSWER_BUFFER_SIZE (sizeof(AnswerHeader) + ANSWER_SIZE_MAX + 1)
