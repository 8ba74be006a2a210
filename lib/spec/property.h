/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Properties of a machine's scope, as --property= gives them: NAME=VALUE in the
 * words of systemd.resource-control(5), read into what D-Bus wants.
 */

#include "lib/base/base.h"

typedef struct SpecProperty {
        const char *name;       /* static: as the bus knows it */
        char type;              /* 's' or 't' */
        const char *text;       /* 's': borrowed from the assignment */
        uint64_t number;        /* 't' */
} SpecProperty;

/**
 * spec_property_parse() - read an assignment
 * @assignment:         NAME=VALUE, which must outlive the result
 * @ret:                return location for the property
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EOPNOTSUPP  a property that we do not know
 *         -EINVAL      not a value of it
 */
int spec_property_parse(const char *assignment, SpecProperty *ret);
