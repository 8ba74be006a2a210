/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Results
 *
 * What became of what was asked of each machine, for programs: with --output=json, a verb that
 * does something to machines prints an object of each when all is done, in the order in which
 * they were asked for. People are told what has failed at once, by complain(). Without JSON,
 * nothing of this does anything.
 */

#include <jansson.h>
#include <systemd/sd-bus.h>

#include "client/client.h"
#include "lib/base/base.h"

/**
 * results_expect() - say what machines there will be results of
 * @client:             the client
 * @names:              their names, NULL-terminated, in the order in which they are printed
 *
 * One that gets no result before the end has failed.
 */
void results_expect(Client *client, char *const *names);

/**
 * results_add_ok() - note that something was done to a machine
 * @client:             the client
 * @name:               the machine's name
 * @key:                what else there is to say, or NULL
 * @value:              that; taken over
 *
 * What was noted of the machine before is replaced by it.
 */
void results_add_ok(Client *client, const char *name, const char *key, json_t *value);

/**
 * results_add_error() - note that something could not be done to a machine
 * @client:             the client
 * @name:               the machine's name
 * @error:              negative error code, for where there is no @e
 * @e:                  what the daemon said, or NULL
 *
 * What was noted of the machine before is replaced by it.
 */
void results_add_error(Client *client, const char *name, int error, const sd_bus_error *e);

/**
 * results_print() - print what was noted
 * @client:             the client
 *
 * Prints nothing if nobody has expected or noted anything.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EIO         it could not be written
 */
int results_print(Client *client);
