/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Users and groups of containers, by name
 *
 * io.systemd.UserDatabase, which nss-systemd asks: vu-MACHINE-UID and vg-MACHINE-GID
 * are names for who a container's users and groups are on the host.
 */

#include "daemon/varlink/varlink-server.h"

/* The service's name, and that of its socket in USERDB_DIRECTORY. */
#define USERDB_SERVICE "io.systemd.Machine"
#define USERDB_DIRECTORY "/run/systemd/userdb"

/* UT_NAMESIZE of glibc, with its NUL: longer names do not fit into utmp, and are not
 * taken for names of users by systemd's tools. */
#define USERDB_NAME_SIZE 32

extern const VarlinkInterface varlink_userdb_interface;

/**
 * userdb_name_parse() - read the name of a container's user or group
 * @name:               "vu-MACHINE-UID"
 * @prefix:             "vu-" or "vg-"
 * @ret_machine:        return location for the machine's name
 * @ret_id:             return location for the id in there
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      it is not such a name, or not as we write it
 *         -ENOMEM
 */
int userdb_name_parse(const char *name, const char *prefix, char **ret_machine, uint32_t *ret_id);

/**
 * userdb_mark() - tell clients which names and ids they need not ask for
 * @path:               our socket
 *
 * In attributes of its inode, which older kernels do not have for sockets.
 */
void userdb_mark(const char *path);
