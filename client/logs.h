/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Logs
 *
 * The last lines that a machine logged: from its own journal; else from its console; else
 * what the host's journal says of its unit. Nobody is asked for a password: what may not be
 * read is passed over.
 */

#include "client/client.h"
#include "lib/base/base.h"

/**
 * logs_print() - print the last lines, below an empty one
 * @client:             its options say how many, and how
 * @machine:            name of the machine
 * @id:                 id of the machine, as 32 digits, or NULL
 * @unit:               its unit on the host, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      there is no journalctl, or nothing to look into
 *         others       starting it failed
 */
int logs_print(Client *client, const char *machine, const char *id, const char *unit);
