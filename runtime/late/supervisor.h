/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Supervisor
 *
 * Stays with a payload until it ends: passes on its console and what it has to
 * say, asks it to end when we are asked to, and tells how it ended.
 */

#include "runtime/run.h"

/**
 * supervisor_run() - stay with a payload until it ends
 * @run:                a run that has been started
 *
 * Return: the exit status to report, or LATE_REBOOT; negative error code on
 *         failure, the payload has been killed then.
 * Errors: what sd-event runs into
 */
int supervisor_run(Run *run);
