/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Clone
 *
 * A new process, as fork() makes it, but in new namespaces and born in its
 * control group: moving it there afterwards costs more than all the rest.
 */

#include <sys/types.h>

#include "lib/base/base.h"

/**
 * process_clone() - make a process in new namespaces
 * @flags:              CLONE_NEW… flags; CLONE_PARENT for a sibling of ours
 * @cgroup_fd:          directory of the control group it shall be born in, or
 *                      negative for ours
 * @ret_pidfd:          return location for a pidfd of it, in the parent
 *
 * All signal handlers are at their defaults in the new process.
 *
 * Return: 0 in the new process, its id in the parent, negative error code.
 * Errors: what clone3() runs into
 */
pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);

/**
 * process_protect() - end with our parent, and let nobody look into us
 *
 * Nobody but the host's root. Until exec(), or until our ids change: that undoes both,
 * the latter to what the host's administrator prefers (fs.suid_dumpable).
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what prctl() runs into
 */
int process_protect(void);

/**
 * process_reset_signals() - handle signals as a new program expects it
 *
 * Default dispositions, nothing blocked: exec() keeps what is ignored and
 * blocked otherwise.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sigprocmask() runs into
 */
int process_reset_signals(void);

/**
 * process_close_from() - have exec() close descriptors
 * @first:              the first one that is closed
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what close_range() runs into
 */
int process_close_from(unsigned first);
