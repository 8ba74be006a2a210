/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Device nodes
 */

#include "lib/base/base.h"

/**
 * device_make() - make a character device for a guest
 * @directory_fd:       directory that it is made in
 * @name:               its name there
 * @number:             its device number, as of makedev()
 * @host:               the same device on the host, for example "/dev/null"
 *
 * By mknod(), or where that is refused (a user namespace, a device policy) as
 * bind mount of the host's node, once that has been seen to be this device.
 * For the latter the directory has to be attached.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      the host's node is another device
 *         others       what mknod(), open_tree() and move_mount() run into
 */
int device_make(int directory_fd, const char *name, dev_t number, const char *host);

/**
 * device_bind() - show a guest a character device of the host's
 * @directory_fd:       directory that it is to be in, attached
 * @name:               its name there
 * @number:             its device number, as of makedev()
 * @host:               the device on the host
 *
 * For file systems in which devices are none, as they belong to a user namespace.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      the host's node is another device
 *         others       what open_tree() and move_mount() run into
 */
int device_bind(int directory_fd, const char *name, dev_t number, const char *host);
