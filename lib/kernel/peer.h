/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Peers
 *
 * Who is at the other end of a connected AF_UNIX socket. The kernel noted it when
 * they connected, so what it tells is who they were then.
 */

#include "lib/base/base.h"

typedef struct Peer {
        uid_t uid;              /* effective */
        gid_t gid;
        pid_t pid;              /* in our namespace, or 0 */
        int pidfd;              /* or -EBADF: it has gone; owned */
} Peer;

/**
 * peer_read() - ask who is at the other end
 * @fd:                 connected socket
 * @ret:                return location for the answer
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what getsockopt() runs into
 */
int peer_read(int fd, Peer *ret);

/* Closes the pidfd. */
void peer_done(Peer *peer);
