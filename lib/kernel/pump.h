/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Pump
 *
 * Brings what comes from one descriptor to another, until the first ends or the
 * second is closed. One of the two is a pipe or a socket. It belongs to no event
 * loop: watch the one descriptor of pump_fd() for POLLIN, and call
 * pump_dispatch() when it is ready. Nothing here ever blocks.
 */

#include "lib/base/base.h"

typedef struct Pump Pump;

/**
 * pump_new() - connect two descriptors
 * @from:               where to read; stays the caller's, and open meanwhile
 * @to:                 where to write, the same
 * @ret:                return location for the pump
 *
 * A terminal is not read before somebody has typed there: a caller in the
 * background would be stopped. The caller ignores SIGPIPE.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what fcntl() and epoll run into
 */
int pump_new(int from, int to, Pump **ret);

Pump *pump_free(Pump *p);
DEFINE_CLEANUP(Pump, pump_free);

/**
 * pump_fd() - what to wait for
 * @p:                  the pump
 *
 * Return: a descriptor that is readable when there is something to do; the
 *         same one always, and the pump's.
 */
int pump_fd(const Pump *p);

/**
 * pump_dispatch() - do what can be done without waiting
 * @p:                  the pump
 *
 * Return: 0 when it goes on, 1 when it has ended, negative error code on
 *         failure.
 * Errors: what write() and epoll run into
 */
int pump_dispatch(Pump *p);

/**
 * pump_finish() - end as soon as what is there already has been written
 * @p:                  the pump
 *
 * Return: as pump_dispatch().
 * Errors: as pump_dispatch()
 */
int pump_finish(Pump *p);
