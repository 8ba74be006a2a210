/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sessions
 *
 * A person's terminal, connected to one in a machine that the daemon has handed
 * over, until it is hung up, the machine ends, or the person presses the keys that
 * end a session: ^] three times, unless the options say otherwise.
 */

#include "client/client.h"
#include "lib/base/base.h"

/**
 * session_run() - connect the terminals, and wait for the end
 * @client:             the client; its bus tells when the machine goes
 * @machine:            name of the machine, for messages, and to see it go
 * @master:             of the machine's terminal; stays the caller's
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what relay_new() and sd-event run into
 */
int session_run(Client *client, const char *machine, int master);

/* Says how to leave a session, or that it has ended; nothing if it is to be quiet. */
void session_say_hello(const Client *client, const char *machine);
void session_say_goodbye(const Client *client, const char *machine);
