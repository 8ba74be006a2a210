/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Trees
 *
 * Directories that are removed with all that is in them, whoever filled them.
 */

#include "lib/base/base.h"

/**
 * tree_remove() - remove a directory and all that is in it
 * @path:               path of the host, in a directory that only we write to
 *
 * Follows no links, and needs no more descriptors for a deep tree than for a flat
 * one. What is mounted in it, or may not be removed, stays.
 *
 * Return: 0 on success, also if there is none, negative error code on failure.
 * Errors: what removing the first thing that stays runs into
 */
int tree_remove(const char *path);
