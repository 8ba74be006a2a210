/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Control groups
 *
 * The unified hierarchy (cgroup2), which is at /sys/fs/cgroup or, on hybrid
 * hosts, at /sys/fs/cgroup/unified; never the old ones. A control group is
 * named by its path below that root, with a leading slash: "/machine.slice".
 */

#include <sys/types.h>

#include "lib/base/base.h"

/**
 * cgroup_mount_point() - where the unified hierarchy is mounted
 *
 * Return: a static string, or NULL if it is nowhere.
 */
const char *cgroup_mount_point(void);

/**
 * cgroup_of_process() - the control group that a process is in
 * @pid:                process id, 0 for ourselves
 * @ret:                return location for the path, "/…"
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       no such process
 *         -ENODATA     not in the unified hierarchy
 */
int cgroup_of_process(pid_t pid, char **ret);

/* Absolute, without "..", "." or empty components. */
bool cgroup_path_is_normal(const char *path);

/**
 * cgroup_open() - open the directory of a control group
 * @path:               its path
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -ENOENT      there is none
 *         -EINVAL      not an absolute, normalized path
 *         -ENOMEDIUM   no unified hierarchy
 */
int cgroup_open(const char *path);

/**
 * cgroup_make() - create a control group, with its parents
 * @path:               its path
 *
 * Return: 0 on success, also if it is there, negative error code on failure.
 * Errors: as cgroup_open(), or what mkdir() runs into
 */
int cgroup_make(const char *path);

/**
 * cgroup_remove() - remove a control group with all below it
 * @path:               its path
 *
 * Return: 0 on success, also if there is none, negative error code on failure.
 * Errors: -EBUSY       there are processes in it
 */
int cgroup_remove(const char *path);

/**
 * cgroup_attach() - move a process into a control group
 * @path:               path of the control group
 * @pid:                process id, 0 for ourselves
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       no such process
 *         others       what opening or writing cgroup.procs runs into
 */
int cgroup_attach(const char *path, pid_t pid);

/**
 * cgroup_write() - write an attribute of a control group
 * @path:               path of the control group
 * @attribute:          for example "pids.max"
 * @value:              what to write
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such group, or its controller is not there
 *         others       writing failed
 */
int cgroup_write(const char *path, const char *attribute, const char *value);

/**
 * cgroup_read() - read an attribute of a control group
 * @path:               path of the control group
 * @attribute:          for example "cgroup.events"
 * @ret:                return location for its text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such group, or its controller is not there
 *         others       reading failed
 */
int cgroup_read(const char *path, const char *attribute, char **ret);

/**
 * cgroup_is_populated() - check for processes in or below a control group
 * @path:               its path
 *
 * Return: 1 if there are some, 0 if not or no such group, negative error code.
 * Errors: what reading cgroup.events runs into
 */
int cgroup_is_populated(const char *path);

/**
 * cgroup_wait_empty() - wait until nobody is in or below a control group
 * @path:               its path
 * @limit_usec:         how long at most
 *
 * For those who have been killed: the kernel takes them away as it finds the time.
 *
 * Return: 0 on success, also if there is no such group, negative error code.
 * Errors: -ETIMEDOUT   somebody is there still
 *         others       what waiting for cgroup.events runs into
 */
int cgroup_wait_empty(const char *path, uint64_t limit_usec);

/**
 * cgroup_is_frozen() - check whether all in and below a control group stand still
 * @path:               its path
 *
 * Return: 1 if they do, 0 if not, or not all, or no such group, negative error code.
 * Errors: what reading cgroup.events runs into
 */
int cgroup_is_frozen(const char *path);

/**
 * cgroup_kill_all() - kill everything in and below a control group
 * @path:               its path
 *
 * SIGKILL, to all at once, also to what is being forked (cgroup.kill, since
 * Linux 5.14).
 *
 * Return: 0 on success, also if there is no such group, negative error code.
 * Errors: what writing cgroup.kill runs into
 */
int cgroup_kill_all(const char *path);

/* For cgroup_signal(): whoever they belong to. */
#define CGROUP_ANY_OWNER ((uid_t) -1)

/**
 * cgroup_signal() - send a signal to everything in and below a control group
 * @path:               its path
 * @signo:              signal number; for SIGKILL, see cgroup_kill_all()
 * @owner:              passes over processes that are not this user's, see
 *                      process_is_owned_by(); or CGROUP_ANY_OWNER
 *
 * Return: number of processes that were signalled, negative error code.
 * Errors: -ENOENT      no such group
 */
int cgroup_signal(const char *path, int signo, uid_t owner);

/**
 * cgroup_unit() - the systemd unit that a control group belongs to
 * @path:               path of the control group
 * @ret:                return location for the unit's name
 * @ret_below:          return location for the path below the unit, "" for the
 *                      unit's own group, or NULL
 *
 * The first element that ends in .scope or .service, behind elements that end
 * in .slice: /machine.slice/machine-web.scope/payload is machine-web.scope.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENXIO       not in a unit
 */
int cgroup_unit(const char *path, char **ret, char **ret_below);

/**
 * cgroup_unit_path() - the control group of the unit that another belongs to
 * @path:               path of a control group
 * @ret:                return location for the path of its unit's group
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENXIO       not in a unit
 */
int cgroup_unit_path(const char *path, char **ret);
