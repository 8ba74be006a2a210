/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Varlink
 *
 * The daemon's doors for Varlink: one socket where systemd's newer clients look for
 * machined, one where nss-systemd asks for names of users, and one where the resolver
 * asks for names of machines. The core behind them is that of D-Bus.
 */

#include "daemon/varlink/varlink-context.h"

/* Where machined listens, too: berthd.socket does it for us, if systemd runs us. */
#define VARLINK_MACHINE_SOCKET "/run/systemd/machine/io.systemd.Machine"

/* What berthd.socket calls it, see sd_listen_fds_with_names(3). */
#define VARLINK_FD_NAME "varlink"

typedef struct Varlink Varlink;

typedef struct VarlinkConfig {
        VarlinkContext context;
        int machine_fd;                 /* listening socket for io.systemd.Machine that somebody
                                         * else made, taken over on success; or -EBADF */
        const char *machine_path;       /* where to make it otherwise */
        const char *userdb_path;        /* the other two; NULL: not wanted */
        const char *resolve_path;
} VarlinkConfig;

/**
 * varlink_new() - open the doors
 * @config:             where they are, and what is behind them
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what making sockets runs into
 */
int varlink_new(const VarlinkConfig *config, Varlink **ret);

/**
 * varlink_free() - close the doors
 * @v:                  the object, or NULL
 *
 * What is under way goes on, for nobody to hear of.
 *
 * Return: NULL, always.
 */
Varlink *varlink_free(Varlink *v);
DEFINE_CLEANUP(Varlink, varlink_free);
