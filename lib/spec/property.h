/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Properties of a machine's unit, as --property= and berthctl's set give them:
 * NAME=VALUE in the words of systemd.resource-control(5), read into what D-Bus
 * wants. No value at all stands for what is so by default. Percentages of memory
 * and of tasks are of what this host has.
 */

#include "lib/base/base.h"

/* Processors and memory nodes with higher numbers cannot be named. */
#define SPEC_SET_MAX 1024

typedef enum SpecPropertyType {
        SPEC_TEXT,              /* s */
        SPEC_NUMBER,            /* t */
        SPEC_SET,               /* ay, a mask of bits */
        SPEC_DEVICE,            /* a(st), of one device, or empty */
} SpecPropertyType;

typedef struct SpecProperty {
        const char *name;       /* static: as the bus knows it */
        SpecPropertyType type;
        const char *text;       /* borrowed from the assignment */
        uint64_t number;        /* of the device, too */
        uint8_t set[SPEC_SET_MAX / 8];
        size_t n_set;           /* bytes that matter */
        char device[128];       /* "": none */
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

/* Names of all of them, one after the other, up to a NULL. */
const char *spec_property_name(size_t i);
