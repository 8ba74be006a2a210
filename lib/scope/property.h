/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Properties
 *
 * What a caller wants of the unit that a machine will live in: names with
 * values of any D-Bus type, as plain data. lib/scope/property-bus.h reads them
 * from a message and appends them to one.
 */

#include "lib/base/base.h"

/* A D-Bus value. Numbers of all widths, booleans included, are in number. */
typedef struct Value Value;
struct Value {
        char type;              /* as in sd-bus: 's', 't', 'a', '(' written 'r', '{' written 'e', 'v' */
        char *signature;        /* of what is inside: 'a', 'r', 'e' and 'v' only */
        union {
                uint64_t number;
                double real;    /* 'd' */
                char *text;     /* 's', 'o', 'g' */
        };
        Value *items;           /* 'a', 'r', 'e' and 'v' only */
        size_t n_items;
};

typedef struct Property {
        char *name;
        Value value;            /* the variant's content */
} Property;

typedef struct Properties {
        Property *list;
        size_t n;
} Properties;

/**
 * properties_done() - free what a list of properties holds
 * @p:                  the list, which is empty afterwards
 */
void properties_done(Properties *p);

/**
 * properties_find() - find a property by its name
 * @p:                  list to look in, or NULL
 * @name:               the name
 *
 * Return: the property, the last one if there are several, or NULL.
 */
const Property *properties_find(const Properties *p, const char *name);

/**
 * value_done() - free what a value holds
 * @v:                  the value
 */
void value_done(Value *v);
