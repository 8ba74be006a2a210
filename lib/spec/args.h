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
#include "lib/spec/spec.h"

typedef enum OptionValue {
        OPTION_NO_VALUE,
        OPTION_OPTIONAL_VALUE,          /* only behind "=" */
        OPTION_REQUIRED_VALUE,
} OptionValue;

typedef struct Option {
        const char *name;               /* without the dashes; NULL: heading of a group, in text */
        char letter;                    /* or 0 */
        OptionValue value;
        const char *metavar;
        const char *text;
        int (*set)(Spec *spec, const char *value);      /* -EINVAL: not a valid value */
} Option;

extern const Option option_table[];
extern const size_t n_options;

typedef enum ArgsOutcome {
        ARGS_RUN,
        ARGS_HELP,
        ARGS_VERSION,
} ArgsOutcome;

/**
 * args_parse() - read the command line
 * @argc:               number of arguments
 * @argv:               arguments; the first one is the program's name
 * @spec:               spec to fill in, initialized
 * @ret_outcome:        return location for what is wanted
 * @reterr_text:        return location for what is wrong, to be freed
 *
 * Options end at the first argument that is none: the rest is the command. The
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
