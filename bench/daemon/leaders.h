/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Leaders
 *
 * Cheap processes that could lead a machine: each only waits for its end. The
 * kernel reaps them, and they end with whoever started them.
 */

#include "lib/base/base.h"

/**
 * leader_start() - start one
 *
 * Return: its pid; does not return if there can be none.
 */
pid_t leader_start(void);

/**
 * leader_kill() - end one
 * @pid:                what leader_start() returned; not yet dead, or just so
 */
void leader_kill(pid_t pid);
