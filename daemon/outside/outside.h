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

#include <systemd/sd-event.h>

#include "daemon/core/creation.h"
#include "lib/spec/config.h"

typedef struct Outside Outside;

/**
 * outside_new() - get ready to make things for machines
 * @event:              event loop; a reference is taken
 * @config:             what the administrator wants; copied
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int outside_new(sd_event *event, const Config *config, Outside **ret);

/**
 * outside_free() - free what was needed for that; what was made stays
 * @o:                  the object, or NULL
 *
 * Return: NULL, always.
 */
Outside *outside_free(Outside *o);
DEFINE_CLEANUP(Outside, outside_free);

/**
 * outside_settle() - remove what belongs to no machine
 * @o:                  the object
 * @infos:              the machines that there are
 * @n_infos:            their number
 *
 * For the start of the daemon, once it knows its machines: links that are left
 * over, and entries of the firewall's table.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what the kernel answered
 */
int outside_settle(Outside *o, const MachineInfo *const *infos, size_t n_infos);

/**
 * outside_plan() - decide what is to be made for a machine
 * @c:                  its creation; the info is filled
 *
 * Looks at the leader and the root directory, and changes nothing.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH               the leader has gone
 *         -E_UNSAFE_PATH       the root directory is a link, or leads out
 *         -E_BAD_MACHINE_ID    its machine id is garbage
 *         others               what looking runs into
 */
int outside_plan(Creation *c);

/* What the plan and the steps are given as Creation.outside. */
void *outside_context(Outside *o);

/* The steps, in the order in which they build upon each other. */
extern const Step *const outside_steps[];
extern const size_t n_outside_steps;
