/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mounts
 *
 * The mount API by descriptors (Linux 5.12): a mount is made detached, where
 * no path leads to it, prepared there, and attached to a directory that is a
 * descriptor too. So no path is looked up twice, and nothing that a guest does
 * to its names can redirect a mount.
 */

#include <sys/mount.h>

#include "lib/base/base.h"

/* What a file system that shows a piece of the kernel should never be. */
#define MOUNT_ATTR_HARMLESS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/**
 * mount_new() - make a new file system, detached
 * @type:               its type, for example "tmpfs"
 * @options:            key, value, key, value, … NULL; a value of "" sets a flag;
 *                      or NULL
 * @attributes:         MOUNT_ATTR_RDONLY and the like
 *
 * The descriptor is the root directory of the file system, and good for
 * mknodat() and its like. It is gone with its last descriptor unless attached.
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: what fsopen(), fsconfig() and fsmount() run into
 */
int mount_new(const char *type, const char *const *options, unsigned attributes);

/**
 * mount_new_of() - make a new file system that belongs to a user namespace
 * @users_fd:           the user namespace, below our own; or negative: ours
 * @type:               as for mount_new()
 * @options:            as for mount_new()
 * @attributes:         as for mount_new()
 *
 * Only with the rights of whose root it could be mounted: devices in it are none.
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -EPERM       a type that is not for user namespaces
 *         others       as mount_new(), or what setns() and clone3() run into
 */
int mount_new_of(int users_fd, const char *type, const char *const *options, unsigned attributes);

/**
 * mount_clone() - make a bind mount of something, detached
 * @directory_fd:       directory that @path is relative to, or the thing itself
 * @path:               path of the host that is to be bound, or ""
 * @recursive:          with all that is mounted below
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: what open_tree() runs into
 */
int mount_clone(int directory_fd, const char *path, bool recursive);

/**
 * mount_open_confined() - show a directory to somebody, and nothing else
 * @directory_fd:       the directory, in a mount of our own mount namespace
 *
 * Makes a detached mount of it, without what is mounted below: read-only, with no
 * way up or out, in which links are not followed, and devices and programs are none.
 *
 * Return: a descriptor that it can be listed by, or a negative error code.
 * Errors: -EINVAL      that mount may not be shown by itself: something else is on it
 *         others       what open_tree() and mount_setattr() run into
 */
int mount_open_confined(int directory_fd);

/**
 * mount_attach() - attach a detached mount
 * @mount_fd:           the mount; the descriptor stays usable
 * @target_fd:          directory or file that it is to cover
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what move_mount() runs into
 */
int mount_attach(int mount_fd, int target_fd);

/**
 * mount_set_attributes() - add attributes to a mount
 * @mount_fd:           a descriptor of its root
 * @attributes:         MOUNT_ATTR_RDONLY and the like, added to what is there
 * @recursive:          with all that is mounted below
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what mount_setattr() runs into
 */
int mount_set_attributes(int mount_fd, unsigned attributes, bool recursive);

/**
 * mount_set_idmap() - show the files of a mount with other owners
 * @mount_fd:           a detached mount that has none yet
 * @users_fd:           user namespace in whose map they are found, see userns_new()
 * @recursive:          with all that is mounted below
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      a file system that cannot
 *         others       what mount_setattr() runs into
 */
int mount_set_idmap(int mount_fd, int users_fd, bool recursive);

/**
 * mount_set_propagation() - say where mount events go, for a mount and all below
 * @mount_fd:           a descriptor of its root
 * @propagation:        MS_SHARED, MS_SLAVE or MS_PRIVATE
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what mount_setattr() runs into
 */
int mount_set_propagation(int mount_fd, unsigned long propagation);

/**
 * mount_is_root() - check for the root directory of a mount
 * @fd:                 directory to check
 *
 * Return: whether something is mounted there.
 */
bool mount_is_root(int fd);

/**
 * mount_pivot() - make a mounted directory the root directory
 * @root_fd:            a descriptor of the mount's root
 *
 * For a process in a mount namespace of its own. The old tree is detached, all
 * of it, and the working directory is the new root.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what pivot_root() and umount2() run into
 */
int mount_pivot(int root_fd);
