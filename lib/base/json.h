/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON of others
 *
 * What comes over a socket. The parser recurses, and allocates some hundred bytes for
 * each value: what it is given is bounded first.
 */

#include <jansson.h>

#include "lib/base/base.h"

/* Objects and arrays inside of one another. */
#define JSON_DEPTH_MAX 16

/* Values of an object: each costs us some hundred bytes, and who sends it two. */
#define JSON_VALUES_MAX 8192

/**
 * json_read() - read an object that somebody has sent
 * @text:               its text, without the NUL behind it
 * @size:               number of bytes
 * @ret:                return location for the object, see json_decref()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBADMSG     no object; or too deep, too many values, or a key twice
 */
int json_read(const char *text, size_t size, json_t **ret);
