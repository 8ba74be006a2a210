/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Scopes by hand
 *
 * For hosts that systemd does not run. A unit is a directory below
 * /machine.slice of the unified hierarchy, named as systemd would name it, and
 * the services that run machines are our own children (service-fork.h).
 */

#include <systemd/sd-event.h>

#include "lib/scope/scope.h"

/**
 * scope_cgroupfs_new() - take over /machine.slice
 * @event:              event loop; a reference is taken
 * @runtime:            path of berth-run
 * @ret:                return location for the backend
 *
 * Directories of units that a predecessor left are removed, now if they are
 * empty, otherwise once their last process has gone.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEDIUM   the kernel offers no unified hierarchy
 *         others       creating the slice or the socket for notifications failed
 */
int scope_cgroupfs_new(sd_event *event, const char *runtime, ScopeBackend **ret);
