/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is copied
 *
 * One thing of the source, open, with what its copy shall look like. Regular files
 * and directories are opened for reading; FIFOs, devices, sockets and links are
 * not, as opening some of them does something.
 *
 * Where source and target are not the same users' (a guest in a user namespace),
 * no single process may touch both: then one process makes the copy, with the
 * rights of the target's root, and asks another one, with those of the source's,
 * to open what it copies, over a socket. So nobody reads or writes with rights
 * that belong to the other side.
 */

#include "lib/copy/copy-attributes.h"

typedef struct CopySource {
        int fd;
        CopyAttributes attributes;
} CopySource;

/**
 * copy_source_open() - open something to be copied
 * @directory_fd:       directory that it lies in
 * @name:               its name there, or "."
 * @disowns:            as for copy_attributes_read()
 * @ret:                return location for it
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      it is gone
 *         others       what opening it or reading its attributes runs into
 */
int copy_source_open(int directory_fd, const char *name, bool disowns, CopySource *ret);

/**
 * copy_source_ask() - have another process open something to be copied
 * @socket:             connected to copy_source_serve(), of type SOCK_SEQPACKET
 * @directory_fd:       as for copy_source_open()
 * @name:               as for that
 * @disowns:            as for that
 * @ret:                return location for it
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPIPE       the other process has ended
 *         others       as copy_source_open()
 */
int copy_source_ask(int socket, int directory_fd, const char *name, bool disowns, CopySource *ret);

/**
 * copy_source_serve() - open what another process copies, until that has ended
 * @socket:             connected to its copy_source_ask()
 *
 * Return: 0 when the other end was closed, negative error code on failure.
 * Errors: what receiving or sending runs into
 */
int copy_source_serve(int socket);

/* Closes it and frees its attributes. */
void copy_source_done(CopySource *s);
