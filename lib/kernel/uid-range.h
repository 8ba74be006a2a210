/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ranges of user ids
 *
 * Each machine with users of its own has a range of the host's ids for them. It
 * is held by locks as long as the machine's supervisor lives, so that no two
 * machines have the same by accident. Of picked ranges systemd-nspawn's locks
 * are taken as well, which picks from the same pool by the same rule.
 */

#include "lib/base/base.h"
#include "lib/kernel/idmap.h"

/* The pool, in blocks: what lies below may be users of the host, what lies above
 * is reserved (systemd's docs/UIDS-GIDS). */
#define UID_BLOCK UINT32_C(0x10000)
#define UID_POOL_MIN UINT32_C(0x80000)
#define UID_POOL_MAX UINT32_C(0x6fff0000)

typedef struct UidRange {
        uint32_t base, count;   /* count is 0 as long as there is none */
        int lock_fd;
        int pool_fd;
        char *lock_path;
        int users_fd;           /* the user namespace that it was lent to, or negative: there is none yet */
} UidRange;

#define UID_RANGE_NONE (UidRange) { .lock_fd = -EBADF, .pool_fd = -EBADF, .users_fd = -EBADF }

/**
 * uid_range_pick() - take a block of the pool that nobody has
 * @machine:            name of the machine: it gets the same one each time, if that is free
 * @preferred:          block to try first, or 0
 * @ret:                return location for the range, see uid_range_release()
 *
 * A block that the host knows a user or a group of is not free.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBUSY       none found in a hundred tries
 *         others       what making the lock files runs into
 */
int uid_range_pick(const char *machine, uint32_t preferred, UidRange *ret);

/**
 * uid_range_take() - take the range that somebody has chosen
 * @base:               its first id
 * @count:              how many there are
 * @ret:                return location for the range, see uid_range_release()
 *
 * Others who choose the very same ids share it: guests may have one tree.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBUSY       somebody has picked some of it, or chosen a range that overlaps
 *         others       what making the lock files runs into
 */
int uid_range_take(uint32_t base, uint32_t count, UidRange *ret);

/**
 * uid_range_hold() - keep blocks from others that we have been handed out
 * @blocks:             the blocks, by what they are outside; the first one is the range
 * @n_blocks:           their number
 * @ret:                return location for the range, see uid_range_release()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBUSY       somebody has some of them
 *         others       what making the lock files runs into
 */
int uid_range_hold(const IdRange *blocks, size_t n_blocks, UidRange *ret);

/**
 * uid_range_is_held() - check whether somebody has some of a range
 * @base:               its first id
 * @count:              how many there are
 *
 * Return: 1 if so, 0 if not, negative error code on failure.
 * Errors: what opening the lock file runs into
 */
int uid_range_is_held(uint32_t base, uint32_t count);

void uid_range_release(UidRange *range);

/**
 * uid_range_by_name() - the block that a machine is first tried with
 * @machine:            its name
 *
 * Return: first id of the block.
 */
uint32_t uid_range_by_name(const char *machine);
