/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Values
 *
 * What the daemon answers, as JSON: the one form that everything is printed
 * from. Text is safe to print; bytes are hexadecimal digits; a number that JSON
 * cannot hold, as the largest of 64 bits, which means "unknown", is null.
 */

#include <jansson.h>
#include <systemd/sd-bus.h>

#include "lib/base/base.h"

/**
 * value_read() - read the next value of a message, of whatever type
 * @m:                  message to read from
 * @ret:                return location for the value
 *
 * Return: 1 on success, 0 if there is no further value, negative error code on
 *         failure.
 * Errors: -EBADMSG     the message is not what it claims to be
 *         -ENOMEM
 */
int value_read(sd_bus_message *m, json_t **ret);

/**
 * value_string() - make a JSON string of any text, safe to print
 * @s:                  the text
 *
 * Return: the string, or NULL if there is no memory.
 */
json_t *value_string(const char *s);

/* The string @key of @object, or NULL if there is none, or it is empty. */
const char *value_get_string(const json_t *object, const char *key);
