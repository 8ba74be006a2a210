/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Options
 *
 * What berth-run can be told, one row each: on its command line, and much of it in
 * settings files, too.
 */

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

/* The option of that name, or NULL. */
const Option *option_find(const char *name);
