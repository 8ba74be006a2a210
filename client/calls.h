/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Calls
 *
 * Many method calls at once: all are on their way before the first answer is
 * waited for, so that what berthctl prints about a thousand machines takes one
 * round trip and not thousands. Buses allow a peer so many open calls only; so
 * there is a window, and the others follow as answers come.
 */

#include <systemd/sd-bus.h>

#include "lib/base/base.h"

typedef struct Calls Calls;

/**
 * CallHandler - what to do with an answer
 * @calls:              to add more calls to, which depend on this answer
 * @reply:              the answer, or NULL if it is an error
 * @e:                  the error, or NULL
 * @userdata:           what was given to calls_add()
 *
 * Return: 0 on success, negative error code to give up the others.
 */
typedef int (*CallHandler)(Calls *calls, sd_bus_message *reply, const sd_bus_error *e, void *userdata);

int calls_new(sd_bus *bus, Calls **ret);
Calls *calls_free(Calls *calls);
DEFINE_CLEANUP(Calls, calls_free);

/**
 * calls_add() - have a method of the daemon called
 * @calls:              the calls to add it to
 * @path:               path of the object
 * @interface:          its interface
 * @member:             the method
 * @handler:            what to do with the answer
 * @userdata:           for @handler
 * @types:              types of the arguments that follow, or NULL
 *
 * It is sent by calls_run(). There is no limit to the time that it may take:
 * a person may have to be asked, or a machine to boot.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int calls_add(
                Calls *calls,
                const char *path,
                const char *interface,
                const char *member,
                CallHandler handler,
                void *userdata,
                const char *types,
                ...);

/**
 * calls_run() - send all calls, and handle all answers
 * @calls:              the calls
 *
 * Return: 0 on success, negative error code on failure: that of a handler, or
 *         that of the connection.
 * Errors: what sd-bus or a handler run into
 */
int calls_run(Calls *calls);
