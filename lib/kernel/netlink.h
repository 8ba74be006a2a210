/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Netlink
 *
 * A socket to the network configuration of one network namespace, ours or
 * another's. It keeps to that namespace whatever becomes of the process that
 * opened it. What can be done with it is in netlink-link.h and
 * netlink-address.h; every call waits for the kernel's answer, which comes at
 * once.
 */

#include "lib/base/base.h"

typedef struct Netlink Netlink;

/**
 * netlink_open() - open a socket in our own network namespace
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what socket() or bind() run into
 */
int netlink_open(Netlink **ret);

/**
 * netlink_open_in() - open a socket in another network namespace
 * @netns_fd:           descriptor of the namespace; it is not kept
 * @ret:                return location for the new object
 *
 * The calling thread is in that namespace for a moment, so only programs with
 * a single thread may call this. It has been made sure before that the way back
 * is open; should it be closed all the same then the process is aborted,
 * because nothing that it did afterwards would be done where it belongs.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a network namespace
 *         -EPERM       we may not enter it, or not come back
 *         others       as netlink_open()
 */
int netlink_open_in(int netns_fd, Netlink **ret);

/**
 * netlink_close() - close the socket and free the object
 * @nl:                 object to free, or NULL
 *
 * Return: NULL, always.
 */
Netlink *netlink_close(Netlink *nl);
DEFINE_CLEANUP(Netlink, netlink_close);

/*
 * What follows is for the files beside this one. A request is made of a header
 * and attributes (libnl's), sent, and its answers are handed to a function one
 * by one. Unlike libnl's own calls these return the kernel's errno, which its
 * error numbers do not tell apart.
 */

struct nl_msg;
struct nlmsghdr;

/**
 * netlink_open_netfilter() - open a socket to the packet filter instead
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPROTONOSUPPORT     the kernel has none
 *         others               as netlink_open()
 */
int netlink_open_netfilter(Netlink **ret);

/* One answer of the kernel. A positive return value ends the call early. */
typedef int (*NetlinkAnswer)(struct nlmsghdr *answer, void *userdata);

/**
 * netlink_request_new() - begin a request
 * @type:               RTM_…
 * @flags:              NLM_F_…; NLM_F_REQUEST and NLM_F_ACK are added on sending
 * @header:             the fixed part of the message
 * @size:               its size
 * @ret:                return location for the message
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int netlink_request_new(uint16_t type, uint16_t flags, const void *header, size_t size, struct nl_msg **ret);

void netlink_request_freep(struct nl_msg **msg);

/**
 * netlink_call() - send a request and read its answers
 * @nl:                 socket to send it through
 * @msg:                the request; it is not freed
 * @on_answer:          called for every answer but errors, or NULL
 * @userdata:           handed to it
 *
 * If @on_answer fails or ends the call early, then what is left of the answers
 * cannot be told from those to come: the socket is closed, and good for
 * nothing but netlink_close() afterwards.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOTCONN    the socket was closed by an earlier call
 *         -EAGAIN      the list was changed while the kernel wrote it
 *         others       what the kernel answered, or @on_answer returned
 */
int netlink_call(Netlink *nl, struct nl_msg *msg, NetlinkAnswer on_answer, void *userdata);
