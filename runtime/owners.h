/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Owners
 *
 * Mounts that show files of the host as those of a machine's own users.
 */

#include <sys/stat.h>

#include "runtime/run.h"

/**
 * owners_map_range() - show the users of one range as the machine's
 * @run:                the run, which has its range
 * @mount_fd:           a detached mount
 * @first:              first id of as many of the host as the machine has
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      there is a file system that cannot
 *         others       what userns_new() or mount_setattr() run into
 */
int owners_map_range(const Run *run, int mount_fd, uint32_t first);

/**
 * owners_map_user() - show the files of a user of the host as those of who that is inside
 * @run:                the run, which has its range
 * @user:               the user, whose home is mounted
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as owners_map_range()
 */
int owners_map_user(const Run *run, const HostUser *user);

/**
 * owners_map_bind() - show what is bound as it was asked for
 * @run:                the run, which has its range
 * @mount:              the mount, which asks for something
 * @mount_fd:           its source, detached
 * @target:             what is known of its target, with BIND_OWNER_OF_TARGET
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ERANGE      the target belongs to none of the machine's users
 *         others       as owners_map_range()
 */
int owners_map_bind(const Run *run, const SpecMount *mount, int mount_fd, const struct stat *target);
