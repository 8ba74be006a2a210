/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Freezer
 *
 * Has all processes in and below a control group stand still, or go on, by the
 * kernel's own means. It takes the time until the last of them has left the
 * system call that it is in; the answer comes back through a callback.
 */

#include <systemd/sd-event.h>

#include "lib/scope/scope.h"

typedef struct Freezer Freezer;

/**
 * freezer_new() - get ready to freeze
 * @event:              event loop; a reference is taken
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int freezer_new(sd_event *event, Freezer **ret);

/**
 * freezer_free() - forget what is under way
 * @f:                  the object, or NULL
 *
 * What is frozen remains so; nobody is told of the rest.
 *
 * Return: NULL, always.
 */
Freezer *freezer_free(Freezer *f);
DEFINE_CLEANUP(Freezer, freezer_free);

/**
 * freezer_set() - have a control group stand still, or go on
 * @f:                  the freezer
 * @cgroup:             path of the control group
 * @frozen:             which of both
 * @done:               told when all do, with 0; or with -ETIMEDOUT, if some do not
 *                      within SCOPE_FREEZE_USEC: then all go on
 * @userdata:           for that
 *
 * Return: 0 if @done is called, negative error code if not.
 * Errors: -EOPNOTSUPP  no such group, or a kernel that cannot do it
 *         others       what writing cgroup.freeze or watching cgroup.events runs into
 */
int freezer_set(Freezer *f, const char *cgroup, bool frozen, ScopeDone done, void *userdata);
