/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Daemon
 *
 * Puts the parts of berthd together: the scope backend of this kind of host, the
 * manager with the steps, the workers, and the door.
 */

#include "lib/base/base.h"

/**
 * daemon_run() - serve until told to stop
 * @embedded:           do without systemd, and serve on the private socket
 *
 * Logs what it fails with.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what setting up any of the parts runs into
 */
int daemon_run(bool embedded);
