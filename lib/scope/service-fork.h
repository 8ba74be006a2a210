/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Services
 *
 * What units/berth@.service is to systemd, for hosts that it does not run: one
 * berth-run per machine, in a control group of its own, watched over a pidfd,
 * started anew when it says that its guest rebooted. It tells that it is ready
 * by sd_notify(3), on one socket that all share.
 */

#include <systemd/sd-event.h>

#include "lib/scope/scope.h"

typedef struct Services Services;

/* A service has ended, and nothing but its control group is left of it. */
typedef void (*ServiceEnded)(void *userdata, const char *cgroup);

/**
 * services_new() - get ready to run services
 * @event:              event loop; a reference is taken
 * @runtime:            path of berth-run
 * @slice:              control group below which theirs are made
 * @ended:              told when one has ended
 * @userdata:           for that
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what making the socket for notifications runs into
 */
int services_new(
                sd_event *event,
                const char *runtime,
                const char *slice,
                ServiceEnded ended,
                void *userdata,
                Services **ret);

/**
 * services_free() - forget all services
 * @s:                  the object, or NULL
 *
 * They run on: a daemon that restarts must leave its containers running.
 *
 * Return: NULL, always.
 */
Services *services_free(Services *s);
DEFINE_CLEANUP(Services, services_free);

/**
 * services_start() - start the service that runs a machine
 * @s:                  the services
 * @machine:            name of the machine
 * @done:               told when it is ready, or has failed
 * @userdata:           for that
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EEXIST      it runs already
 *         others       what making its control group or starting it runs into
 */
int services_start(Services *s, const char *machine, ScopeDone done, void *userdata);

/**
 * services_has() - check whether a service runs, or is about to be started anew
 * @s:                  the services
 * @unit:               name of its unit
 *
 * Return: true if so; who runs it removes its control group in the end.
 */
bool services_has(Services *s, const char *unit);

/**
 * services_forget_restart() - do not start a service anew when it ends
 * @s:                  the services
 * @unit:               name of its unit; others than services are passed over
 */
void services_forget_restart(Services *s, const char *unit);
