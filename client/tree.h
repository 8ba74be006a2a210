/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Trees
 *
 * The control groups of a machine with the processes in them, as JSON: what
 * `status` draws. A machine makes as many of both as it likes, and names them:
 * names are cleaned, and depth and number limited.
 */

#include <jansson.h>

#include "client/screen.h"
#include "lib/base/base.h"

/**
 * tree_read() - read a control group with all below it
 * @path:               path of the control group
 * @ret:                return location for an object with "name", "processes",
 *                      each with "pid" and "command", and "children", which are
 *                      such objects
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      there is none
 *         others       what reading it runs into
 */
int tree_read(const char *path, json_t **ret);

/* Draws what is in @tree, each line behind @indent spaces. */
void tree_print(const json_t *tree, const Screen *screen, unsigned indent);
