/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Leaders
 *
 * The least that is a machine to those who join: PID 1 of namespaces of its own, on
 * the host's files, without CAP_SYS_BOOT and without new privileges.
 */

#include "lib/base/base.h"

/* Which users of the host a leader's own are, from its root on. */
#define LEADER_SHIFT 100000

typedef struct Leader {
        pid_t pid;
        int pidfd;
} Leader;

/* With more namespaces than the usual: CLONE_NEWUSER, CLONE_NEWCGROUP, or none. */
void leader_init(Leader *l, int more_namespaces);

void leader_done(Leader *l);
