/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Steps
 *
 * Something larger is done as a list of steps: starting a container in the
 * runtime, registering a machine in the daemon. Each is one row, in one file,
 * and knows nothing of the others; the table that lists them is the only place
 * that knows their order. When one fails, those before it are undone, the last
 * one first. What the steps share is the subject, one struct that the room
 * defines and hands through.
 */

#include <stdio.h>

#include "lib/base/base.h"

typedef struct Step {
        const char *name;                               /* as in --explain and in errors */
        unsigned stage;                                 /* the room's own enumeration: which process, or 0 */
        bool (*wanted)(const void *subject);            /* NULL: always */
        int (*apply)(void *subject);                    /* 0: done; STEP_PENDING: steps_resume() follows */
        void (*undo)(void *subject);                    /* after apply() succeeded; NULL: nothing to undo */
        void (*explain)(const void *subject, FILE *f);  /* NULL: the name says it */
} Step;

#define STEP_PENDING 1

/* A run through a table: initialize with table, n_steps, stage and subject. */
typedef struct Steps {
        const Step *const *table;
        size_t n_steps;
        unsigned stage;
        void *subject;
        const char *fault;      /* name of the list at fault points, or NULL */
        size_t next;            /* number of rows that are behind us */
} Steps;

/**
 * steps_run() - apply the steps from where the run stands
 * @s:                  the run
 * @reterr_step:        return location for the step that failed, or NULL
 *
 * Return: 0 when all are done, STEP_PENDING when one has begun something that
 *         takes time, negative error code on failure: all is undone then.
 * Errors: whatever a step ran into
 */
int steps_run(Steps *s, const Step **reterr_step);

/**
 * steps_resume() - go on after a step that was pending
 * @s:                  the run
 * @result:             how that step ended: 0 or a negative error code
 * @reterr_step:        return location for the step that failed, or NULL
 *
 * Return: as steps_run().
 * Errors: as steps_run()
 */
int steps_resume(Steps *s, int result, const Step **reterr_step);

/**
 * steps_undo() - undo the steps that are behind us, the last one first
 * @s:                  the run, which is at its beginning again afterwards
 */
void steps_undo(Steps *s);

/**
 * steps_explain() - print the steps that a run would take, one a line
 * @s:                  the run
 * @f:                  where to
 */
void steps_explain(const Steps *s, FILE *f);
