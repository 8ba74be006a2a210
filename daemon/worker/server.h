/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A server of workers
 *
 * berthd is restricted in what it may do, and so is whatever it starts. What is
 * not to be, as programs in machines, is started from here instead: a process of
 * another unit, which systemd has made listen, and which forks a worker for each
 * connection. A worker ends with its connection, whoever closes it.
 */

#include "daemon/worker/worker.h"

/**
 * workers_serve() - fork a worker for each connection
 * @socket:             where berthd connects to
 * @rows:               the jobs that they know
 * @n_rows:             their number
 *
 * Return: 0 when there was nothing to do for some time, negative error code on failure.
 * Errors: what epoll and signalfd run into
 */
int workers_serve(int socket, const JobRow *rows, size_t n_rows);
