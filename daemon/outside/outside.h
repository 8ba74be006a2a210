/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Outside
 *
 * What lies outside a machine and is the daemon's to make: the scope that its
 * processes are in, its link to the host, the addresses of both ends, the way
 * from there to the world, and the link to its journal. First a plan is made of
 * it, in the machine's info; then the steps do what the plan says.
 */

#include "daemon/core/creation.h"

typedef struct Outside Outside;

/**
 * outside_new() - get ready to make things for machines
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int outside_new(Outside **ret);

/**
 * outside_free() - free what was needed for that; what was made stays
 * @o:                  the object, or NULL
 *
 * Return: NULL, always.
 */
Outside *outside_free(Outside *o);
DEFINE_CLEANUP(Outside, outside_free);

/**
 * outside_plan() - decide what is to be made for a machine
 * @c:                  its creation; the info is filled
 *
 * Looks at the leader, the root directory and the host, and changes nothing.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH               the leader has gone
 *         -E_NO_POOL_LEFT      there is no free range of addresses
 */
int outside_plan(Creation *c);

/* The steps, in the order in which they build upon each other. */
extern const Step *const outside_steps[];
extern const size_t n_outside_steps;
