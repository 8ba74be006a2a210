/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Varlink messages
 *
 * What clients send: one JSON object per message. Everybody may send them, so that
 * their size, depth and number of values are bounded before a parser sees them,
 * and their parameters are held to a table before a method does.
 */

#include <jansson.h>

#include "lib/base/base.h"

/* Bytes of a message. The largest that makes sense are a shell's arguments and
 * environment. */
#define VARLINK_MESSAGE_MAX ((size_t) 256 * 1024)

typedef enum VarlinkType {
        VARLINK_BOOL,
        VARLINK_INT,
        VARLINK_UINT32,         /* also for user and group ids */
        VARLINK_STRING,
        VARLINK_STRINGS,        /* array of them */
        VARLINK_OBJECTS,        /* array of them */
        VARLINK_ANY,
} VarlinkType;

/* A parameter. Tables of them end with an empty row. */
typedef struct VarlinkField {
        const char *name;
        VarlinkType type;
        bool required;
} VarlinkField;

typedef struct VarlinkMessage {
        char *method;           /* "org.varlink.service.GetInfo" */
        json_t *parameters;     /* an object, never NULL */
        bool more;              /* several replies are wanted */
        bool oneway;            /* none is */
        bool upgrade;           /* of the protocol, which we do not offer */
} VarlinkMessage;

/**
 * varlink_message_parse() - read a method call
 * @text:               its JSON, without the NUL behind it
 * @size:               number of bytes
 * @ret:                return location for the call
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBADMSG     it makes no sense, or too much of it
 *         -ENOMEM
 */
int varlink_message_parse(const char *text, size_t size, VarlinkMessage *ret);

/* Frees what it holds. */
void varlink_message_done(VarlinkMessage *m);

/**
 * varlink_fields_check() - hold parameters to a table
 * @fields:             the table, or NULL: there are none
 * @parameters:         an object
 *
 * A null is as good as a parameter that is missing.
 *
 * Return: NULL if all is well, else the name of the first parameter that is not:
 *         unknown, missing, or of another type. It lives as long as both arguments.
 */
const char *varlink_fields_check(const VarlinkField *fields, json_t *parameters);

/* Read parameters that were checked. Those that are missing are NULL or false. */
json_t *varlink_get(json_t *parameters, const char *name);
const char *varlink_get_string(json_t *parameters, const char *name);
bool varlink_get_bool(json_t *parameters, const char *name);

/**
 * varlink_get_int() - read a number that was checked
 * @parameters:         an object
 * @name:               of the parameter
 * @ret:                return location for the number
 *
 * Return: whether it is there.
 */
bool varlink_get_int(json_t *parameters, const char *name, json_int_t *ret);

/**
 * varlink_get_strings() - copy an array of strings that was checked
 * @parameters:         an object
 * @name:               of the parameter
 * @ret:                return location for the list; NULL is the empty one
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int varlink_get_strings(json_t *parameters, const char *name, char ***ret);

/**
 * varlink_string() - make a JSON string of any text
 * @s:                  text, possibly of a guest; what JSON cannot say becomes '?'
 *
 * Return: the string, or NULL: out of memory.
 */
json_t *varlink_string(const char *s);
