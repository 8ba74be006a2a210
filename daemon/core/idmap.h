/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Users and groups of machines
 *
 * A machine in a user namespace has users of its own, who are users of the host
 * beyond the host's own ones. Of a machine, the kernel tells who is who; that is
 * written once, so each map is read once, when nobody waits for it. To find the
 * machine that a user of the host belongs to there is an index of all of them.
 */

#include <systemd/sd-event.h>

#include "daemon/core/machine.h"

/* Ids below are the host's own, whatever a map says. */
#define HOST_IDS 65536

typedef struct IdMaps IdMaps;

/**
 * machine_id_to_host() - who a user or group of a machine is on the host
 * @m:                  the machine
 * @kind:               user or group
 * @id:                 the id in the machine
 * @ret:                return location for the id on the host
 *
 * In a machine that shares the host's users, everybody is who they are.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL                      it is no container
 *         -E_NO_SUCH_USER_MAPPING      nobody on the host is
 *         -E_NO_SUCH_GROUP_MAPPING     the same of a group
 *         -ESRCH                       its leader has gone
 */
int machine_id_to_host(Machine *m, IdKind kind, uint32_t id, uint32_t *ret);

/**
 * machine_uid_shift() - by how much a machine's users are shifted
 * @m:                  the machine
 * @ret:                return location for who its root is on the host
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EOPNOTSUPP  it is no container, or its users are mapped in another
 *                      way, or its groups are
 *         -ESRCH       its leader has gone
 */
int machine_uid_shift(Machine *m, uint32_t *ret);

/**
 * idmaps_new() - make an index of maps
 * @event:              event loop; a reference is taken
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what sd-event runs into
 */
int idmaps_new(sd_event *event, IdMaps **ret);

/**
 * idmaps_free() - destroy the index
 * @i:                  the index, or NULL
 *
 * Return: NULL, always.
 */
IdMaps *idmaps_free(IdMaps *i);
DEFINE_CLEANUP(IdMaps, idmaps_free);

/**
 * idmaps_add() - have a machine's users and groups found
 * @i:                  the index
 * @m:                  the machine; borrowed until idmaps_drop()
 *
 * Its maps are read later: its manager may be about to write them.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int idmaps_add(IdMaps *i, Machine *m);

/* Forgets a machine; also one that it does not know. */
void idmaps_drop(IdMaps *i, const Machine *m);

/**
 * idmaps_find() - find the machine that a user or group of the host is in
 * @i:                  the index
 * @kind:               user or group
 * @id:                 the id on the host
 * @ret:                return location for the machine
 * @ret_inside:         return location for the id in that machine
 *
 * Of several machines, the one whose range begins closest below the id.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_SUCH_USER_MAPPING      it is of none, or one of the host's own
 *         -E_NO_SUCH_GROUP_MAPPING     the same of a group
 */
int idmaps_find(IdMaps *i, IdKind kind, uint32_t id, Machine **ret, uint32_t *ret_inside);
