/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Environment files
 *
 * Files of KEY=value lines, quoted as a shell would read them: os-release(5),
 * machined's state files, and ours. Reading takes hostile text.
 */

#include "lib/base/base.h"

/**
 * envfile_parse() - read KEY=value lines
 * @text:               contents of the file
 * @ret:                return location for a list: key, value, key, value, …
 *
 * Comments, and lines that are no assignment or not valid, are passed over, as
 * os-release(5) asks; a later assignment to the same key stands behind the
 * earlier one. Values that are not printable text are dropped.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int envfile_parse(const char *text, char ***ret);

/**
 * envfile_get() - value of a key
 * @pairs:              list that envfile_parse() made
 * @key:                key to look for
 *
 * Return: its value, the last one if there are several, or NULL.
 */
const char *envfile_get(char *const *pairs, const char *key);

/**
 * envfile_append() - write one KEY=value line
 * @text:               text to extend, in place; starts as NULL
 * @key:                the key
 * @value:              the value, quoted where needed; NULL or "" writes nothing
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int envfile_append(char **text, const char *key, const char *value);
