/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Address watch
 *
 * One socket on which the kernel tells that addresses have changed, here or in
 * another network namespace that has a number here. The namespaces are not
 * entered, nothing is kept of them, and what the news says is theirs is not
 * read: only which of them it came from.
 */

#include "lib/kernel/netlink.h"

/* Our own namespace. */
#define ADDRESS_WATCH_HERE (-1)

/**
 * address_watch_open() - begin to listen
 *
 * Return: descriptor that is readable when there is news, or negative error code
 *         on failure.
 * Errors: -EPERM       we may not hear of other namespaces (CAP_NET_BROADCAST)
 *         others       what socket() or bind() run into
 */
int address_watch_open(void);

/**
 * address_watch_read() - take one piece of news
 * @fd:                 from address_watch_open()
 * @ret_number:         return location for the namespace's number, or ADDRESS_WATCH_HERE
 *
 * Return: 1 if there was some, 0 if not, negative error code on failure.
 * Errors: -ENOBUFS     there was too much: some of it is lost
 *         others       what recvmsg() runs into
 */
int address_watch_read(int fd, int *ret_number);

/**
 * netlink_number_namespace() - have a network namespace numbered, so that it is heard of
 * @nl:                 socket in our namespace
 * @netns_fd:           the other one
 * @ret:                return location for its number, which it keeps as long as it is there
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what the kernel answered
 */
int netlink_number_namespace(Netlink *nl, int netns_fd, int *ret);
