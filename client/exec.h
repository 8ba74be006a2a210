/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Programs in machines
 *
 * Started by the daemon, and seen to their end: what they read and write, the
 * signals that we are sent, how they end.
 */

#include "client/client.h"
#include "client/exec-call.h"
#include "lib/base/base.h"

/**
 * exec_run() - run a program in a machine
 * @client:             the client, connected
 * @request:            what to run
 *
 * Complaints are printed, but for -EOPNOTSUPP.
 *
 * Return: exit status of the program, 128 and the number of the signal that ended it,
 *         126 if it cannot be executed, or 127 if it is not there; negative error code
 *         on failure.
 * Errors: -EOPNOTSUPP  the daemon cannot do that
 *         -ENODATA     it ran, but nobody knows how it has ended
 *         others       what the daemon, the bus and the terminals run into
 */
int exec_run(Client *client, const ExecRequest *request);
