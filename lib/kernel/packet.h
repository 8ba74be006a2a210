/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Packets
 *
 * Datagrams with descriptors, between two processes that share a socket of type
 * SOCK_SEQPACKET. Nothing here waits unless it is asked to.
 */

#include <sys/uio.h>

#include "lib/base/base.h"

/* Of descriptors in one packet. */
#define PACKET_FDS_MAX 16

/**
 * packet_send() - send a datagram
 * @fd:                 the socket
 * @parts:              what it consists of, one behind the other
 * @n_parts:            their number
 * @fds:                descriptors to send along; borrowed, the other gets copies
 * @n_fds:              their number
 * @flags:              MSG_DONTWAIT, or 0
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EAGAIN      the other does not read, and MSG_DONTWAIT is set
 *         -E2BIG       more than PACKET_FDS_MAX descriptors
 *         -EMSGSIZE    more than the socket takes at a time
 *         -EPIPE       the other has gone
 *         others       what sendmsg() runs into
 */
int packet_send(int fd, const struct iovec *parts, size_t n_parts, const int *fds, size_t n_fds, int flags);

/**
 * packet_receive() - receive a datagram
 * @fd:                 the socket
 * @buffer:             where to write it
 * @size:               how large that is
 * @flags:              MSG_DONTWAIT, or 0
 * @ret_fds:            place for PACKET_FDS_MAX descriptors, which are
 *                      close-on-exec
 * @ret_n_fds:          return location for their number
 *
 * Return: its size, 0 if the other has gone, negative error code on failure.
 * Errors: -EAGAIN      there is none, and MSG_DONTWAIT is set
 *         -EFBIG       it is larger than @size
 *         -EPROTO      it came with more descriptors than fit
 *         others       what recvmsg() runs into
 */
ssize_t packet_receive(int fd, void *buffer, size_t size, int flags, int *ret_fds, size_t *ret_n_fds);

/* Closes descriptors, and sets each to -EBADF; those that are so already are skipped. */
void fds_close(int *fds, size_t n);
