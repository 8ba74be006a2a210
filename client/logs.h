/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Logs
 *
 * The last lines that a machine logged, as journalctl prints them: from its own
 * journal, where the host has that below /var/log/journal, and else what the
 * host's says of its unit. Without journalctl there are none.
 */

#include "client/client.h"
#include "lib/base/base.h"

/**
 * logs_print() - print the last lines
 * @client:             its options say how many, and how
 * @id:                 id of the machine, as 32 digits, or NULL
 * @unit:               its unit on the host, or NULL
 *
 * Return: number of lines printed, negative error code on failure.
 * Errors: -ENOENT      there is no journalctl, or nothing to look into
 *         others       starting it failed
 */
int logs_print(const Client *client, const char *id, const char *unit);
