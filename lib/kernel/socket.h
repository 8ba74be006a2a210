/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sockets
 *
 * AF_UNIX sockets at a path of the host's, where everybody may connect, or root. Who
 * is at the other end then, lib/kernel/peer.h tells.
 */

#include <sys/types.h>

#include "lib/base/base.h"

/**
 * socket_bind() - make a socket at a path
 * @path:               where; what is there is replaced
 * @type:               SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET
 * @mode:               of the socket: who may connect, or send
 *
 * Return: the socket, which does not block, or negative error code on failure.
 * Errors: -ENAMETOOLONG        @path is no address of a socket
 *         others               what creating the socket runs into
 */
int socket_bind(const char *path, int type, mode_t mode);

/**
 * socket_connect() - connect to who is at a path
 * @path:               where
 * @type:               as of socket_bind()
 *
 * Does not wait.
 *
 * Return: the socket, which does not block, or negative error code on failure.
 * Errors: -ENAMETOOLONG        @path is no address of a socket
 *         -ENOENT              there is none
 *         -ECONNREFUSED        nobody listens there any more
 *         -EAGAIN              too many wait to be accepted
 *         others               what connect() runs into
 */
int socket_connect(const char *path, int type);

/**
 * socket_listen() - make a socket for others to connect to
 * @path:               where; what is there is replaced
 * @mode:               of the socket: who may connect
 *
 * Return: the socket, which does not block, or negative error code on failure.
 * Errors: -ENAMETOOLONG        @path is no address of a socket
 *         others               what creating the socket runs into
 */
int socket_listen(const char *path, mode_t mode);

/**
 * socket_accept() - take somebody who has connected
 * @fd:                 listening socket
 *
 * Return: the connected socket, which does not block, or negative error code on
 *         failure.
 * Errors: -EAGAIN      there is nobody, or they have thought better of it
 *         others       what accept4() runs into
 */
int socket_accept(int fd);

/**
 * socket_is_served() - check whether somebody listens at a path
 * @path:               path of the socket
 *
 * Return: 1 if so, 0 if not, negative error code on failure.
 * Errors: -ENAMETOOLONG        @path is no address of a socket
 *         others               what socket() runs into
 */
int socket_is_served(const char *path);
