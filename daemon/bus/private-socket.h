/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Private socket
 *
 * Where there is no system bus, clients connect to the daemon itself, at
 * /run/berth/bus, and speak D-Bus with it as peers. Everybody may connect, and
 * ask; what changes something is for root (polkit.h). Beside a system bus it is
 * the short way, for root alone: no broker on it, and nobody to ask.
 */

#include <sys/types.h>


#include "daemon/bus/bus.h"

typedef struct PrivateSocket PrivateSocket;

/**
 * private_socket_new() - listen for clients
 * @event:              event loop; a reference is taken
 * @bus:                the door that they are served through; borrowed
 * @path:               where to listen; what is there is replaced
 * @mode:               of the socket: who may connect
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EADDRINUSE  another daemon listens there
 *         others       what creating the socket runs into
 */
int private_socket_new(sd_event *event, Bus *bus, const char *path, mode_t mode, PrivateSocket **ret);

/**
 * private_socket_free() - stop listening
 * @s:                  the object, or NULL
 *
 * Return: NULL, always.
 */
PrivateSocket *private_socket_free(PrivateSocket *s);
DEFINE_CLEANUP(PrivateSocket, private_socket_free);
