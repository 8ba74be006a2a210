/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Shutdown
 *
 * How the init of a guest is asked to shut the machine down, each in its own words:
 *
 *      systemd         SIGRTMIN+3
 *      sysvinit        a request through its FIFO. It takes SIGPWR as well, but for
 *                      that Debian has nothing to run.
 *      OpenRC's,       SIGPWR, as to a host that is told of its power
 *      busybox's
 *      others          SIGTERM
 *
 * Which of them it is can be seen by the signals that it handles.
 */

#include "runtime/run.h"

/**
 * shutdown_request() - ask the payload to end
 * @run:                a run that has been started
 *
 * By the signal that was asked for, if one was; what is not booted is no init, and
 * gets SIGKILL.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has ended
 */
int shutdown_request(const Run *run);
