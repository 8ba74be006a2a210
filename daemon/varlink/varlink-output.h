/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Varlink output
 *
 * Messages on their way to one client, some with a descriptor. A client that does
 * not read makes them pile up here, so whoever adds some looks at the size first.
 */

#include "lib/base/base.h"

typedef struct VarlinkChunk VarlinkChunk;

typedef struct VarlinkOutput {
        VarlinkChunk *first, *last;
        size_t size;            /* bytes that have not been sent */
} VarlinkOutput;

/**
 * varlink_output_add() - queue a message
 * @o:                  the queue
 * @data:               the message; taken over on success only
 * @size:               number of bytes, above 0
 * @fd:                 descriptor to go with it, or -EBADF; taken over on success only
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int varlink_output_add(VarlinkOutput *o, char *data, size_t size, int fd);

/**
 * varlink_output_send() - send what the client's socket has room for
 * @o:                  the queue
 * @fd:                 connected socket, which does not block
 *
 * Return: 0 on success, also if there is more to send, negative error code on
 *         failure.
 * Errors: what sendmsg() runs into
 */
int varlink_output_send(VarlinkOutput *o, int fd);

/* Drops all messages. */
void varlink_output_done(VarlinkOutput *o);
