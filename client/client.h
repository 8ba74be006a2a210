/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Client
 *
 * What every verb of berthctl is given: the options, the screen, and the way to
 * the daemon, which is opened when the first one needs it.
 */

#include <jansson.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "client/options.h"
#include "client/screen.h"
#include "lib/base/base.h"
#include "lib/bus/connect.h"

typedef struct Client {
        Options options;
        Screen screen;
        char *const *argv;      /* as main() got it, to begin anew with */
        sd_bus *bus;            /* NULL until client_connect() */
        json_t *results;        /* of verbs that do something, see client/results.h */
        int agent;              /* pidfd of polkit's agent, or -EBADF; see client/agent.h */
} Client;

/**
 * client_connect() - make sure that there is a connection to the daemon
 * @client:             the client
 *
 * Complaints are printed.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what bus_connect() runs into
 */
int client_connect(Client *client);

/* The same, for what is called so often, or by whom waits so closely, that the broker is spared. */
int client_connect_shortly(Client *client);

/**
 * client_new_event() - make an event loop for a verb that ends when it is told to
 * @ret:                return location for the loop, which ends well on SIGINT and SIGTERM
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-event runs into
 */
int client_new_event(sd_event **ret);

/**
 * client_print_json() - print something as JSON, as the options have it
 * @client:             the client
 * @json:               what to print; taken over, also on failure
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EIO         it could not be written
 */
int client_print_json(Client *client, json_t *json);

/**
 * complain() - print what the daemon refused to do
 * @error:              negative error code
 * @e:                  what the daemon said, or NULL
 * @format:             printf() format of what was tried, without a newline
 *
 * Return: @error.
 */
int complain(int error, const sd_bus_error *e, const char *format, ...) _printf_(3, 4);

static inline void json_freep(json_t **json) {
        json_decref(*json);
}
