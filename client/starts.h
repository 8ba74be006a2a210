/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Starts
 *
 * Machines that are to be started, and in which order: each when those that it
 * waits for are done with, and its delay is over, those of lower order first. It
 * knows of no bus and no clock: whoever starts them asks which is next, and tells
 * what came of it.
 */

#include "lib/base/base.h"

typedef enum StartState {
        START_WAITING,
        START_UNDER_WAY,
        START_READY,
        START_FAILED,
        START_LEFT_OUT,         /* what it requires is not there */
        _START_STATE_MAX,
} StartState;

typedef struct Start {
        char *name;
        uint64_t delay_usec;
        char **after;
        char **requires;
        StartState state;
        uint64_t since;         /* when it could have been started but for its delay, UINT64_MAX: not yet */
        const char *blocker;    /* why it is left out: the name of another one */
} Start;

typedef struct Starts {
        Start **list;           /* in the order in which they were added */
        size_t n;
} Starts;

void starts_done(Starts *s);

/**
 * starts_add() - have one more machine started
 * @s:                  the others, to be added in the order that is wanted
 * @name:               its name
 * @delay_usec:         how long to wait once it could be started
 * @after:              those to be done with before; which of them are not among
 *                      the others do not matter
 * @requires:           those to be ready before
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int starts_add(Starts *s, const char *name, uint64_t delay_usec, char *const *after, char *const *requires);

/**
 * starts_complete() - have started what the others require
 * @s:                  all that were added
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int starts_complete(Starts *s);

/**
 * starts_next() - find the next one to start
 * @s:                  all of them
 * @now:                the time, in µs of any clock
 * @ret_due:            return location for the time at which one will be next if
 *                      nothing else happens, or UINT64_MAX
 *
 * Those that cannot be started any more become START_LEFT_OUT; these wait for one
 * another in a circle, too, if nothing is under way.
 *
 * Return: one that is START_WAITING, which its caller makes START_UNDER_WAY, or
 *         NULL if there is none now.
 */
Start *starts_next(Starts *s, uint64_t now, uint64_t *ret_due);

/* How many are in a state. */
size_t starts_count(const Starts *s, StartState state);
