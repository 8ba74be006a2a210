/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Exec() of the daemon that a test plays for berthctl
 *
 * Runs what it is asked to as a child of the test, and tells of its end.
 */

#include "tests/bus/client-daemon.h"

/* Answers org.berth.Machine1's Exec(), and notes its options as a call of that name. */
int exec_answer(Daemon *d, sd_bus_message *m);

/* Answers org.berth.Process1's Kill(). */
int exec_kill(Daemon *d, sd_bus_message *m);
