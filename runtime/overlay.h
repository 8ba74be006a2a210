/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Overlays
 *
 * Directories laid over each other. They are named to the kernel by descriptors, so
 * that each is looked up once, whatever characters are in its name.
 */

#include "lib/base/base.h"
#include "runtime/run.h"

/**
 * overlay_new() - lay directories over each other, detached
 * @as_user:            we are in a user namespace that is not the host's
 * @lower_fds:          the lower ones, the topmost first; in mounts of our own
 *                      mount namespace
 * @n_lower:            their number
 * @upper_fd:           directory that changes go to, or negative: there are none
 * @work_fd:            empty directory beside that, for the kernel
 *
 * Return: a descriptor of the mount, or a negative error code on failure.
 * Errors: -EINVAL      a file system that cannot be one of these
 *         others       what mount_new() runs into
 */
int overlay_new(bool as_user, const int *lower_fds, size_t n_lower, int upper_fd, int work_fd);

/**
 * overlay_make_directories() - make what overlay_new() takes changes in
 * @directory_fd:       directory to make them in
 * @like_fd:            directory whose owner and mode the upper one shall have
 * @ret_upper_fd:       return location for the upper directory
 * @ret_work_fd:        return location for the other one
 *
 * Those that are there are taken as they are.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what mkdir(), open() and chown() run into
 */
int overlay_make_directories(int directory_fd, int like_fd, int *ret_upper_fd, int *ret_work_fd);

/**
 * overlay_open() - lay over each other what a spec says
 * @run:                the run, whose temporaries get what is to be removed in the end
 * @m:                  a mount of kind MOUNT_OVERLAY
 *
 * Return: a descriptor of the mount, detached, or a negative error code on failure.
 * Errors: as overlay_new(), or opening a layer failed
 */
int overlay_open(Run *run, const SpecMount *m);
