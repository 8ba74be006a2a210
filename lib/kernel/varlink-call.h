/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Varlink calls
 *
 * What a client needs of Varlink: a message with descriptors goes to a service's socket,
 * its reply comes back. What is in them is the caller's matter.
 */

#include "lib/base/base.h"

/* Bytes of a reply: those whom we ask have little to say. */
#define VARLINK_REPLY_MAX ((size_t) 64 * 1024)

/**
 * varlink_call() - send a service a message, and wait for the reply
 * @path:               path of its socket
 * @message:            the message, JSON
 * @fds:                descriptors to send along; borrowed
 * @n_fds:              their number
 * @timeout_usec:       how long to wait for all of it
 * @ret:                return location for the reply, with a NUL behind it
 *
 * Descriptors that come with a reply are not taken.
 *
 * Return: the reply's size on success, negative error code on failure.
 * Errors: -ENOENT, -ECONNREFUSED       nobody listens there
 *         -ETIMEDOUT                   there was no reply in time
 *         -ECONNRESET                  the service has hung up instead
 *         -EFBIG                       the reply is larger than VARLINK_REPLY_MAX
 *         -EPROTO                      there is more behind it
 *         others                       what connect(), sendmsg() and recv() run into
 */
ssize_t varlink_call(
                const char *path,
                const char *message,
                const int *fds,
                size_t n_fds,
                uint64_t timeout_usec,
                char **ret);
