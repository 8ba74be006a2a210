/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Arguments
 *
 * The command line of berth-run, with systemd-nspawn's option names, made into
 * a Spec. One table (options.c) says what there is; parsing and help follow it.
 */

#include <stdio.h>

#include "lib/base/base.h"
#include "lib/spec/options.h"
#include "lib/spec/spec.h"

typedef enum ArgsOutcome {
        ARGS_RUN,
        ARGS_HELP,
        ARGS_VERSION,
        ARGS_LIST,              /* what values the spec's list_option takes */
} ArgsOutcome;

/**
 * args_parse() - read the command line
 * @argc:               number of arguments
 * @argv:               arguments; the first one is the program's name
 * @spec:               spec to fill in, initialized
 * @ret_outcome:        return location for what is wanted
 * @reterr_text:        return location for what is wrong, to be freed
 *
 * Options end at the first argument that is none: the rest is the command. What the
 * machine's settings file says is in the spec as well, see lib/spec/settings.h. The
 * spec is completed and checked, too.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      what was given is wrong
 *         -ENOMEM
 */
int args_parse(int argc, char *const *argv, Spec *spec, ArgsOutcome *ret_outcome, char **reterr_text);

/**
 * args_help() - print what the options are
 * @f:                  where to
 */
void args_help(FILE *f);

/**
 * args_list() - print what values an option takes, as OPTION=help asks for
 * @spec:               spec, after ARGS_LIST
 * @f:                  where to
 */
void args_list(const Spec *spec, FILE *f);
