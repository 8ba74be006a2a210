/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Survey
 *
 * Looks at machines before anybody asks, so that the first list of a thousand
 * need not: when one was registered, when it is ready, when its addresses have
 * changed, and, some time later, when it was listed and not looked at for long.
 * One machine at a time, by a worker that is there for the next one, and only
 * when there is nothing else to do. Nobody waits for it; what it finds is the
 * machine's Sight.
 */

#include <systemd/sd-event.h>

#include "daemon/core/manager.h"
#include "daemon/core/worker.h"

typedef struct Survey Survey;

/**
 * survey_new() - begin to look
 * @event:              event loop; a reference is taken
 * @manager:            whose machines; borrowed
 * @workers:            who looks; borrowed
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what sd-event runs into
 */
int survey_new(sd_event *event, Manager *manager, Workers *workers, Survey **ret);

/**
 * survey_free() - look no more
 * @s:                  the object, or NULL; the manager and the workers must still be there
 *
 * Return: NULL, always.
 */
Survey *survey_free(Survey *s);
DEFINE_CLEANUP(Survey, survey_free);

/**
 * survey_note_list() - somebody has listed all machines, and may again
 * @s:                  the survey
 */
void survey_note_list(Survey *s);
