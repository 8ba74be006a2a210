/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Id maps
 *
 * Which user of the host a user of a machine is, as /proc/PID/uid_map tells it:
 * see user_namespaces(7).
 */

#include "lib/base/base.h"

/* Ids from inside on are those from outside on, count of them. */
typedef struct IdRange {
        uint32_t inside, outside, count;
} IdRange;

/* Empty if all is 0: nobody is known on the other side. */
typedef struct IdMap {
        IdRange *ranges;
        size_t n_ranges;
} IdMap;

/**
 * idmap_parse() - read a map
 * @text:               text of a uid_map or gid_map, read outside of the machine
 * @ret:                return location for the map, see idmap_done()
 *
 * Ranges of ids that nobody has on this side are left out.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not such a map
 *         -ENOMEM
 */
int idmap_parse(const char *text, IdMap *ret);

void idmap_done(IdMap *map);

/* Maps each id to itself: there are no other users than the host's. */
bool idmap_is_identity(const IdMap *map);
bool idmap_equal(const IdMap *a, const IdMap *b);

/**
 * idmap_to_outside() - who somebody of the machine is outside
 * @map:                the machine's map
 * @id:                 the id inside
 * @ret:                return location for the id outside
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENXIO       nobody outside is
 */
int idmap_to_outside(const IdMap *map, uint32_t id, uint32_t *ret);

/**
 * idmap_to_host() - translate an id of a machine
 * @map:                text of its uid_map or gid_map, read outside of it
 * @id:                 the id inside
 * @ret:                return location for the id outside
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENXIO       nobody outside has that id
 *         -EINVAL      not such a map
 *         -ENOMEM
 */
int idmap_to_host(const char *map, uint32_t id, uint32_t *ret);
