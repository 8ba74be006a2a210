/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Places
 *
 * An absolute path on one side of a job, of the host or of a guest, resolved once:
 * a directory that stays open, and a name in it.
 */

#include "lib/base/base.h"

typedef struct Place {
        int fd;                 /* the directory, opened with O_PATH */
        char *path;
        const char *name;       /* in @path, or "." */
} Place;

/**
 * place_name() - find the name of a place, and not its directory
 * @path:               absolute path
 * @ret:                return location for the place, without a descriptor
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int place_name(const char *path, Place *ret);

/**
 * place_open() - find the directory that a path's last component lies in
 * @root_fd:            root directory of the side
 * @path:               absolute path; slashes at its end are ignored
 * @ret:                return location for the place
 *
 * Links lead as they do there. The root directory itself is "." in itself.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      it is not absolute, or ends in "." or ".."
 *         others       what openat2() runs into
 */
int place_open(int root_fd, const char *path, Place *ret);

/* Closes it. */
void place_done(Place *p);

/**
 * place_open_host() - open the host's root directory
 *
 * As the host's init sees it: the daemon may see less of the host, or be able to
 * write less. Where the init is not for us to look at, as the daemon was not
 * started by it but within a container, it is our own.
 *
 * Return: the descriptor, opened with O_PATH, or a negative error code on failure.
 * Errors: what opening it runs into
 */
int place_open_host(void);
