/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Attributes of what is copied
 *
 * Owner, mode, times and extended attributes, which are read from the source and
 * later given to its copy, by way of descriptors that may be opened with O_PATH.
 *
 * Of the extended attributes those are copied that mean the same elsewhere: the
 * user's, POSIX ACLs, and file capabilities. Labels are for the target's policy to
 * give, and what file systems keep for themselves (trusted.overlay) would be
 * taken for their own.
 */

#include <sys/stat.h>

#include "lib/base/base.h"

/* Of all extended attributes of one file, names and values: a packet takes them. */
#define COPY_XATTRS_MAX (128 << 10)

typedef struct CopyAttributes {
        struct stat st;
        char *xattrs;           /* one behind the other, as copy-attributes.c knows them */
        size_t xattrs_size;
} CopyAttributes;

/**
 * copy_attributes_read() - see what the copy shall have
 * @fd:                 what is copied
 * @disowns:            it shall belong to root, whoever it belongs to
 * @ret:                return location for the attributes
 *
 * What changes its owner loses what was granted in its owner's name, as with
 * chown(2): a file's set-user-id, set-group-id and capabilities. Its ACL, which names
 * users of the other side, is left out, but what it denied to the group is not.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E2BIG       more than COPY_XATTRS_MAX of extended attributes
 *         others       what reading them runs into
 */
int copy_attributes_read(int fd, bool disowns, CopyAttributes *ret);

/**
 * copy_attributes_apply() - give a copy its attributes
 * @fd:                 the copy
 * @a:                  what it shall have
 *
 * Extended attributes that the file system has no place for are left out.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what setting them runs into
 */
int copy_attributes_apply(int fd, const CopyAttributes *a);

/* Frees what they hold. */
void copy_attributes_done(CopyAttributes *a);
