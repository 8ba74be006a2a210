/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Beneath
 *
 * Paths inside a guest. The guest may change any of them at any time, into a
 * symbolic link, a FIFO or a mount; so a path is a pair, the descriptor of the
 * guest's root directory and a name in it, and is resolved by the kernel with
 * openat2(2): absolute links lead to that root, and nothing leads out of it.
 * This is the only place that does it.
 */

#include <sys/stat.h>

#include "lib/base/base.h"

/**
 * beneath_open() - open something in a guest
 * @root_fd:            the guest's root directory
 * @name:               path in it, with or without a leading slash
 * @flags:              as for open(); O_CLOEXEC, O_NOCTTY and O_NONBLOCK are
 *                      added, so that neither FIFO nor terminal harms
 * @mode:               permissions if @flags create the file
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -ENOENT, -ELOOP, …   what openat2() runs into
 */
int beneath_open(int root_fd, const char *name, int flags, mode_t mode);

/**
 * beneath_open_unlinked() - open something that no link leads to
 * @directory_fd:       directory in a guest, or of the host
 * @name:               path in it, relative
 * @flags:              as for beneath_open()
 *
 * For those who walk a tree, entry by entry, and know what they have listed: a
 * symbolic link, wherever it is in @name, is an error, and so is "..".
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -ELOOP       there is a symbolic link; with O_PATH and O_NOFOLLOW only
 *                      if it is not the last component
 *         others       what openat2() runs into
 */
int beneath_open_unlinked(int directory_fd, const char *name, int flags);

/**
 * beneath_open_parent() - open the directory that something lies in
 * @root_fd:            the guest's root directory
 * @name:               path in it
 * @ret_base:           return location for the last component, inside @name
 *
 * For unlinkat(), symlinkat() and their like, which take no openat2() flags:
 * the last component is never followed by those.
 *
 * Return: the descriptor, opened with O_PATH, or a negative error code.
 * Errors: -EINVAL      @name ends in a slash, in "." or in ".."
 *         others       what openat2() runs into
 */
int beneath_open_parent(int root_fd, const char *name, const char **ret_base);

/**
 * beneath_make_directory() - create a directory in a guest, with its parents
 * @root_fd:            the guest's root directory
 * @name:               path in it
 * @mode:               permissions of every directory that is made
 *
 * Return: a descriptor of the directory, opened with O_PATH, whether it was
 *         there before or not; negative error code on failure.
 * Errors: -ENOTDIR, -ELOOP, …  what openat2() or mkdirat() run into
 */
int beneath_make_directory(int root_fd, const char *name, mode_t mode);

/**
 * beneath_read() - read a small regular file of a guest
 * @root_fd:            the guest's root directory
 * @name:               path in it
 * @limit:              number of bytes that are acceptable
 * @ret:                return location for its text, which may contain anything
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBADF       there is something, but not a regular file
 *         -EFBIG       longer than @limit
 *         others       what openat2() or read() run into
 */
int beneath_read(int root_fd, const char *name, size_t limit, char **ret);

/**
 * beneath_leads_out() - check whether a path would leave a guest's root directory
 * @root_fd:            the guest's root directory
 * @name:               path in it, without a leading slash
 *
 * For those who will follow it from the host's side, where absolute links and
 * those with too many dots lead to the host's files. A guest may change it after
 * this look.
 *
 * Return: 1 if it would, 0 if not, also if there is nothing; negative error code
 *         on failure.
 * Errors: what openat2() runs into
 */
int beneath_leads_out(int root_fd, const char *name);
