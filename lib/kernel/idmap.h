/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Id maps
 *
 * Which user of the host a user of a machine is, as /proc/PID/uid_map tells it:
 * see user_namespaces(7).
 */

#include "lib/base/base.h"

/**
 * idmap_to_host() - translate an id of a machine
 * @map:                text of its uid_map or gid_map, read outside of it
 * @id:                 the id inside
 * @ret:                return location for the id outside
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENXIO       nobody outside has that id
 *         -EINVAL      not such a map
 */
int idmap_to_host(const char *map, uint32_t id, uint32_t *ret);
