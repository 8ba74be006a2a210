/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Start
 *
 * Takes the steps of all stages, in the two processes that they belong to, and
 * reports where they fail. On return there is a payload, or nothing.
 */

#include "lib/base/steps.h"
#include "runtime/run.h"

typedef struct Start {
        Steps host;
        Steps leader;
} Start;

/**
 * start_run() - start the container
 * @run:                the run, initialized
 * @start:              return location for what is to be undone when it ends
 *
 * Failures are logged.
 *
 * Return: 0 once the payload runs, negative error code on failure: all is
 *         undone then.
 * Errors: whatever a step ran into
 */
int start_run(Run *run, Start *start);

/**
 * start_undo() - undo what outlives the payload
 * @start:              what start_run() has filled in
 */
void start_undo(Start *start);
