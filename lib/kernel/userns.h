/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * User namespaces
 *
 * A set of users of its own for a machine: its root is somebody without any
 * rights on the host. Who is who is written into a map by a privileged process
 * outside, once, and stays so: see user_namespaces(7).
 */

#include <sys/types.h>

#include "lib/base/base.h"
#include "lib/kernel/idmap.h"

/* Whether this kernel and its settings let us make one. */
bool userns_is_available(void);

/**
 * userns_write_maps() - give a process in a new user namespace its users
 * @pid:                the process, ours and alive
 * @uids:               map of users
 * @gids:               map of groups
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       it has its maps already, or we may not
 *         -EINVAL      not such maps: ranges that overlap, or too many
 */
int userns_write_maps(pid_t pid, const IdMap *uids, const IdMap *gids);

/**
 * userns_new() - make a user namespace that nobody is in
 * @uids:               map of users
 * @gids:               map of groups
 *
 * To be had by descriptor only, as what idmapped mounts take their map from.
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: what clone3() or userns_write_maps() run into
 */
int userns_new(const IdMap *uids, const IdMap *gids);

/* Gives a new user namespace its maps, which @pid alone is in: 0, or a negative error code. */
typedef int (*UsersMapper)(pid_t pid, int users_fd, void *userdata);

/**
 * userns_new_mapped() - make a user namespace that somebody else gives its users
 * @map:                is called once, to have that done
 * @userdata:           what it gets
 *
 * Return: the descriptor, as of userns_new(), or a negative error code on failure.
 * Errors: what clone3() or @map run into
 */
int userns_new_mapped(UsersMapper map, void *userdata);

/**
 * userns_enter() - go into a user namespace, for good
 * @users_fd:           the namespace, below our own
 *
 * With all capabilities there, and none any more where we were.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what setns() runs into
 */
int userns_enter(int users_fd);

/**
 * userns_become_root() - become root of the user namespace that we are in
 *
 * For a process that was born in it: before its maps are written it is nobody
 * there, with all capabilities. Groups of the host are given up.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      its maps have no root
 */
int userns_become_root(void);
