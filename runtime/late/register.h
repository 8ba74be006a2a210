/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Register
 *
 * Has others know of a machine, and give it what they give: berthd, systemd, the host's network.
 */

#include "runtime/run.h"

/**
 * register_find() - look whether there is anybody who could be told
 *
 * The bus starts berthd if it can.
 *
 * Return: 0 if there is, negative error code if not.
 * Errors: what sd-bus runs into
 */
int register_find(void);

/**
 * register_machine() - make a machine known to berthd, or to whoever else is machine1
 * @run:                the run, which has a leader
 *
 * Its answer is waited for: by then the leader is in its scope and has its network.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_MACHINE_EXISTS, and what else berthd or sd-bus say
 */
int register_machine(Run *run);

/**
 * scope_start() - have systemd make a scope for a machine that is not registered
 * @run:                the run, which has a leader
 *
 * Return: 0 once the leader is in it, negative error code on failure.
 * Errors: what sd-bus runs into, or systemd says
 */
int scope_start(Run *run);

/**
 * veth_make() - make the link between host and guest
 * @run:                the run, which has a leader
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EEXIST      there is one of that name
 *         others       what netlink runs into
 */
int veth_make(Run *run);

/**
 * veth_remove() - remove it, which the kernel would do at its leisure
 * @run:                the run
 */
void veth_remove(Run *run);
