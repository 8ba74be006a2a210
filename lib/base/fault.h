/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Fault points
 *
 * Named places at which a test may kill the program or make it fail, to see
 * what is left behind. Built with -Dfault-points=true only: otherwise each is
 * an empty function (fault-none.c).
 */

#include "lib/base/base.h"

/**
 * fault_point() - pass a place at which a test may want things to go wrong
 * @where:              its name, for example "create"
 * @what:               more of its name, for example "scope", or NULL
 *
 * BERTH_FAULT=WHERE:WHAT kills the program here with SIGKILL, and
 * BERTH_FAULT=WHERE:WHAT=NUMBER makes the place fail with that errno. With =wait it stays
 * there until it is killed, once it has said so on the standard error.
 *
 * Return: 0, or a negative error code that the caller has to fail with.
 * Errors: what the test asked for
 */
int fault_point(const char *where, const char *what);

/**
 * fault_skips() - whether a test wants something left undone
 * @where:              name of the place, for example "start"
 * @what:               more of its name, for example "seal"
 *
 * BERTH_FAULT=WHERE:WHAT=skip leaves it undone, as if it had been done: what
 * checks afterwards has to notice.
 *
 * Return: whether the caller shall go on without doing it.
 */
bool fault_skips(const char *where, const char *what);

/* Whether this build has them. */
extern const bool fault_points_exist;
