/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hard links of what is copied
 *
 * Files that have more than one name, and where the copy of the first of them is:
 * the others become names of that one. Which descriptors would be too many for, so
 * it is a path in the copied tree, and is believed only if what lies there is still
 * the file that was made.
 */

#include <sys/stat.h>

#include "lib/base/base.h"

/* Files with several names that are remembered; what comes later is copied. */
#define COPY_LINKS_MAX (256 << 10)

typedef struct CopyLinks {
        void *tree;
        size_t n;
} CopyLinks;

/**
 * copy_links_add() - remember where a file was copied to
 * @l:                  the links
 * @source:             of the file
 * @target:             of its copy
 * @path:               of its copy, below the copied tree's root
 *
 * Return: 0 on success, also if there are too many; negative error code on failure.
 * Errors: -ENOMEM
 */
int copy_links_add(CopyLinks *l, const struct stat *source, const struct stat *target, const char *path);

/**
 * copy_links_open() - open the copy of another name of a file
 * @l:                  the links
 * @source:             of the file
 * @root_fd:            root of the copied tree
 *
 * Return: a descriptor opened with O_PATH, or a negative error code on failure.
 * Errors: -ENOENT      it was not copied under another name, or that copy is gone
 */
int copy_links_open(const CopyLinks *l, const struct stat *source, int root_fd);

/* Forgets all of them. */
void copy_links_done(CopyLinks *l);
