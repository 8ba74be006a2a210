/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kept filters
 *
 * The filter of system calls that a machine's leader has been given, kept outside
 * of the machine for those who join it: the kernel does not hand it on to them,
 * and without it they would be a way around it.
 *
 * A file is named by the leader's number and says when that process has started,
 * so that what somebody killed leaves behind means nobody.
 */

#include "lib/kernel/syscall-filter.h"

/**
 * kept_filter_add() - keep a leader's filter
 * @leader:             pidfd of the leader
 * @program:            its filter
 * @ret:                return location for its name, for kept_filter_remove()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what making and writing the file runs into
 */
int kept_filter_add(int leader, const SyscallProgram *program, char **ret);

/**
 * kept_filter_find() - find the filter that was kept for a leader
 * @leader:             pidfd of the leader
 * @ret:                return location for the filter, empty if none was
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       the leader has exited
 *         -EBADMSG     the file is garbage
 *         others       what reading it runs into
 */
int kept_filter_find(int leader, SyscallProgram *ret);

void kept_filter_remove(const char *name);
