/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Command line
 *
 * Reads it, by the table of options, and tells what options there are.
 */

#include <jansson.h>

#include "client/options.h"
#include "lib/base/base.h"

/**
 * command_line_parse() - read the command line
 * @o:                  return location for the options, to be given to
 *                      options_done() in any case
 * @argc:               as for main()
 * @argv:               as for main()
 * @ret_args:           return location for the verb and its arguments
 *
 * Options may stand anywhere; but what follows "shell NAME" or "exec NAME" belongs to the
 * command there, as does all behind "--". Complaints are printed.
 *
 * Return: 0 on success, 1 if all has been done (a list was asked for), negative
 *         error code on failure.
 * Errors: -EINVAL      not a valid command line
 *         -EOPNOTSUPP  what it asks for is not for berthctl
 *         -ENOMEM
 */
int command_line_parse(Options *o, int argc, char *const *argv, char ***ret_args);

/* Prints what each option does, one a line. */
void command_line_print_options(void);

/* Says the same as an array of objects, for programs. */
json_t *command_line_options_to_json(void);
