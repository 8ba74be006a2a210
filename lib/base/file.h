/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files
 *
 * Reading and writing small files of the host whole. What lies in a guest is
 * reached through lib/base/beneath.h instead.
 */

#include "lib/base/base.h"

/**
 * fd_read_all() - read a descriptor until its end
 * @fd:                 descriptor to read; it is not closed
 * @limit:              number of bytes that are acceptable
 * @ret:                return location for the bytes, with a NUL behind them
 * @ret_size:           return location for their number, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EFBIG       longer than @limit
 *         others       read() failed
 */
int fd_read_all(int fd, size_t limit, char **ret, size_t *ret_size);

/**
 * fd_write_all() - write all of a buffer
 * @fd:                 descriptor to write to
 * @data:               bytes to write
 * @size:               their number
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what write() runs into
 */
int fd_write_all(int fd, const void *data, size_t size);

/**
 * file_read() - read a small file of the host, as those below /proc
 * @path:               file to read
 * @limit:              number of bytes that are acceptable
 * @ret:                return location for its text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EFBIG       longer than @limit
 *         others       opening or reading failed
 */
int file_read(const char *path, size_t limit, char **ret);

/**
 * file_write() - write to a file that is there, as those below /proc and /sys
 * @path:               file to write to
 * @text:               what to write, in one write()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what opening or writing runs into
 */
int file_write(const char *path, const char *text);

/**
 * file_replace() - write a file so that it appears whole or not at all
 * @directory_fd:       directory it lies in, or AT_FDCWD
 * @name:               its path, relative to that
 * @mode:               its permissions, whatever the umask
 * @text:               what it shall contain
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what creating, writing or renaming runs into
 */
int file_replace(int directory_fd, const char *name, mode_t mode, const char *text);

/**
 * directory_make() - create a directory of the host, with its parents
 * @path:               absolute path
 * @mode:               permissions of the last component; parents get 0755
 *
 * Return: 0 on success, also if it is there, negative error code on failure.
 * Errors: -ENOTDIR     something else is in the way
 *         others       mkdir() failed
 */
int directory_make(const char *path, mode_t mode);

#define FD_PATH_MAX 32

/**
 * fd_path() - name a descriptor for calls that take no descriptor
 * @fd:                 descriptor, also one that was opened with O_PATH
 * @buffer:             room for the name
 *
 * The kernel follows it to the very thing, whatever has become of its name; if
 * that is a symbolic link, to the link.
 *
 * Return: @buffer, which holds a path below /proc/self/fd.
 */
const char *fd_path(int fd, char buffer[static FD_PATH_MAX]);

/**
 * fd_reopen() - open the very thing that a descriptor refers to
 * @fd:                 descriptor, also one that was opened with O_PATH
 * @flags:              of open()
 *
 * What was found out about the one holds for the other, wherever its name leads by now.
 *
 * Return: a new descriptor, negative error code on failure.
 * Errors: those of open()
 */
int fd_reopen(int fd, int flags);
