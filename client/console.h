/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Consoles
 *
 * What a machine wrote to its console, as berth-run keeps it: of machines that run, and of
 * those that have gone. See lib/base/console-log.h.
 */

#include "client/client.h"
#include "lib/base/base.h"

/**
 * console_show() - print what a machine wrote to its console
 * @client:             the client, connected; its options say how
 * @machine:            name of the machine
 * @lines:              so many lines, the last ones; LINES_ALL for all
 * @follow:             go on until the machine ends
 * @begins_apart:       an empty line goes before the first one
 * @reterr:             what the daemon said, on failure
 *
 * Return: 0 on success, also if there was nothing; negative error code on failure.
 * Errors: -ENOENT      it keeps none
 *         others       what the daemon ran into
 */
int console_show(
                Client *client,
                const char *machine,
                unsigned lines,
                bool follow,
                bool begins_apart,
                sd_bus_error *reterr);

/**
 * console_find_tail() - find the last lines of a text
 * @text:               the text
 * @size:               its length
 * @lines:              how many of its lines, the last one of which may have no end
 *
 * Return: where they begin.
 */
size_t console_find_tail(const char *text, size_t size, unsigned lines);
