/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sender
 *
 * Who has sent a message: on a bus, the broker knows; of a peer, its socket
 * does, whatever name the message claims to come from.
 */

#include <systemd/sd-bus.h>

#include "lib/base/base.h"

/* Enough for the managers of a host; each of them asks again and again. */
#define SENDERS_MAX 16

/* What the broker has told of senders. Their names are given once in its life, and what
 * it knows of one is from when it connected: so it need not be asked again, which would
 * have all others wait. Empty if all is 0. */
typedef struct Senders {
        struct {
                char *name;
                uid_t uid;
                pid_t pid;              /* 0: the broker does not know */
        } list[SENDERS_MAX];
        size_t next;                    /* to be forgotten for another */
} Senders;

void senders_done(Senders *s);

/**
 * sender_name() - name under which the broker knows who has sent a message
 * @msg:                the message
 *
 * Return: the unique name, or NULL: it comes from a peer.
 */
const char *sender_name(sd_bus_message *msg);

/**
 * sender_pid() - process that has sent a message
 * @s:                  what is known already
 * @msg:                the message
 * @ret:                return location for its process id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       the broker does not know
 *         others       what sd-bus runs into: the sender may have gone
 */
int sender_pid(Senders *s, sd_bus_message *msg, pid_t *ret);

/**
 * sender_uid() - effective user that has sent a message
 * @s:                  what is known already
 * @msg:                the message
 * @ret:                return location for the user id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into: the sender may have gone
 */
int sender_uid(Senders *s, sd_bus_message *msg, uid_t *ret);

/**
 * sender_process() - user and process that have sent a message
 * @s:                  what is known already
 * @msg:                the message
 * @ret_uid:            return location for the effective user
 * @ret_pidfd:          return location for a pidfd; -EBADF if the process is not
 *                      known or has gone
 *
 * The number behind the pidfd is the one of who has connected; if that has ended, and
 * left the connection to another, it may be anybody's by now.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into: the sender may have gone
 */
int sender_process(Senders *s, sd_bus_message *msg, uid_t *ret_uid, int *ret_pidfd);
