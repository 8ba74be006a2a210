/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ids for files
 *
 * Linux checks accesses to files by ids of their own, see credentials(7), so
 * that root can look at a user's files with no more rights than that user has,
 * and is root in all else. Root's privileges over files go with the ids, and
 * come back with them.
 */

#include "lib/base/base.h"

/**
 * fsids_take() - access files as someone else
 * @uid:                the user
 * @gid:                the group; there are no others
 *
 * Of root, nothing changes: who has its rights keeps them. On failure, there is
 * no telling which ids are in force.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       we may not, or keep root's privileges over files
 *         others       what setgroups() runs into
 */
int fsids_take(uid_t uid, gid_t gid);

/**
 * fsids_lend() - let files that we make belong to someone else
 * @uid:                the user
 * @gid:                the group
 *
 * Root keeps its privileges, over files as over all else. We end with our parent,
 * and nobody looks into us, see process_protect(): other ids would have undone that.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       we may not
 */
int fsids_lend(uid_t uid, gid_t gid);

/**
 * fsids_restore() - access files as ourselves again
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       the way back is closed
 */
int fsids_restore(void);
