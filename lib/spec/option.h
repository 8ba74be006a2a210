/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Option
 *
 * One thing that berth-run can be told. Most are no more than a field of the spec,
 * and say which; what takes more to read has a setter, see lib/spec/setters.h.
 */

#include <stdio.h>

#include "lib/base/base.h"
#include "lib/spec/read.h"
#include "lib/spec/spec.h"

typedef enum OptionValue {
        OPTION_NO_VALUE,
        OPTION_OPTIONAL_VALUE,          /* only behind "=" */
        OPTION_REQUIRED_VALUE,
} OptionValue;

/* What the field is. */
typedef enum OptionField {
        FIELD_NONE,
        FIELD_TRUE,             /* a bool, true if the option is there */
        FIELD_BOOLEAN,
        FIELD_STRING,
        FIELD_WORD,             /* an enum */
} OptionField;

typedef struct Option {
        const char *name;               /* without the dashes; NULL: heading of a group, in text */
        char letter;                    /* or 0 */
        OptionValue value;
        const char *metavar;
        const char *text;
        int (*set)(Spec *spec, const char *value);      /* as those of setters.h; NULL if it is a field */
        void (*list)(FILE *f);          /* prints which values there are, one a line; or NULL */
        OptionField field;
        size_t offset;                  /* of the field */
        const Word *words;              /* FIELD_WORD, and setters that take words */
} Option;

/**
 * option_is_of_spec() - check whether an option changes the spec
 * @o:                  the option
 *
 * Return: false for those that only ask for a text.
 */
bool option_is_of_spec(const Option *o);

/**
 * option_set() - do what an option says
 * @o:                  the option, one of those of the spec
 * @spec:               spec to change
 * @value:              its value, or NULL if it has none
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a valid value
 *         -ENOSYS      it is refused; its text says why
 *         -ENOMEM
 */
int option_set(const Option *o, Spec *spec, const char *value);

/**
 * option_lists() - check whether an option can tell which values it takes
 * @o:                  the option
 *
 * Return: whether option_list() prints something.
 */
bool option_lists(const Option *o);

/**
 * option_list() - print which values an option takes, one a line
 * @o:                  the option
 * @f:                  where to
 */
void option_list(const Option *o, FILE *f);
