/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Overlays for a machine's own users
 *
 * Each layer is shown as the machine's tree is, whoever it belongs to: as its own
 * users' files.
 */

#include "runtime/run.h"

/* Whether the layers of the machine's overlays are to be shown like that. */
bool overlay_users_wanted(const Run *run);

/**
 * overlay_new_mapped() - lay directories over each other, with other owners
 * @run:                the run, which has its range
 * @lower_fds:          the lower ones, the topmost first
 * @n_lower:            their number
 * @upper_fd:           directory that changes go to, or negative: there are none
 * @work_fd:            empty directory in the same directory as that, for the kernel
 *
 * Return: a descriptor of the mount, detached, or a negative error code on failure.
 * Errors: -EINVAL      a file system that cannot be a layer, or has no such mounts
 *         others       what making processes and mounts runs into
 */
int overlay_new_mapped(const Run *run, const int *lower_fds, size_t n_lower, int upper_fd, int work_fd);
