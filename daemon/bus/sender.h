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

/**
 * sender_pid() - process that has sent a message
 * @msg:                the message
 * @ret:                return location for its process id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into: the sender may have gone
 */
int sender_pid(sd_bus_message *msg, pid_t *ret);

/**
 * sender_uid() - effective user that has sent a message
 * @msg:                the message
 * @ret:                return location for the user id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into: the sender may have gone
 */
int sender_uid(sd_bus_message *msg, uid_t *ret);
