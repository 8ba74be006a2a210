/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sync
 *
 * What supervisor and leader tell each other until the payload runs, over a
 * socket pair. The points have names; a failure carries its step and object, so
 * that one process alone reports it. When the leader becomes the payload its
 * end closes by itself, and that is the good news. What one says may be there
 * before the other looks: none waits for the other without need.
 */

#include "lib/base/base.h"

typedef enum SyncPoint {
        SYNC_BORN,              /* builder: there is a leader; carries its pidfd */
        SYNC_MAPPED,            /* supervisor: the leader's users are who they shall be */
        SYNC_ASSEMBLED,         /* leader: the mount tree stands; carries descriptors */
        SYNC_ATTACHED,          /* supervisor: cgroup, registration and network are as they shall be */
        SYNC_EXECUTING,         /* leader: the payload is next */
        SYNC_FAILED,            /* leader: it ends here */
        _SYNC_POINT_MAX,
} SyncPoint;

#define SYNC_FDS_MAX 16

typedef struct SyncMessage {
        uint32_t point;
        int32_t error;
        char step[32];
        char object[192];
} SyncMessage;

/**
 * sync_pair() - make the two ends
 * @ret_supervisor:     return location for the supervisor's
 * @ret_leader:         return location for the leader's
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what socketpair() runs into
 */
int sync_pair(int *ret_supervisor, int *ret_leader);

/**
 * sync_send() - tell the other side
 * @fd:                 our end
 * @message:            what to tell
 * @fds:                descriptors to send along, or NULL
 * @n_fds:              their number, at most SYNC_FDS_MAX
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPIPE       the other side has gone
 */
int sync_send(int fd, const SyncMessage *message, const int *fds, size_t n_fds);

/**
 * sync_receive() - wait for the other side
 * @fd:                 our end
 * @wait:               whether to wait if there is nothing yet
 * @ret:                return location for what it told
 * @ret_fds:            array for the descriptors that came along, or NULL
 * @n_fds:              how many are wanted
 *
 * Return: 1 if it told something, 0 if it has closed its end, negative error
 *         code on failure.
 * Errors: -EAGAIN      nothing there, and @wait is false
 *         -EBADMSG     not one of our messages, or not as many descriptors
 */
int sync_receive(int fd, bool wait, SyncMessage *ret, int *ret_fds, size_t n_fds);
