/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Shifting
 *
 * Gives the files of a whole tree to other users: those of one block of 65536
 * ids become those of another one, number by number. What is shifted already is
 * left alone, so that an interrupted run is made good by the next one; while it
 * lasts, the top of the tree belongs to somebody who is nobody.
 */

#include "lib/base/base.h"

#define SHIFT_BLOCK UINT32_C(0x10000)

/* First id of the block whose first user owns the top of a tree that is being
 * shifted. The same as systemd-nspawn's, so that either finishes the other's. */
#define SHIFT_BUSY UINT32_C(0xfffe0000)

/**
 * shift_tree() - give a tree to the users of a block
 * @root_fd:            its top
 * @base:               first id of the block
 *
 * What is mounted below stays as it is. Modes, capabilities of programs and the
 * users in access control lists are kept, translated.
 *
 * Return: 1 if it was shifted, 0 if it had these owners, negative error code on
 *         failure: it is marked then, and to be shifted again.
 * Errors: -EROFS       on a file system that is read-only
 *         -EBADMSG     capabilities or a list that make no sense
 *         others       what listing and changing files runs into
 */
int shift_tree(int root_fd, uint32_t base);
