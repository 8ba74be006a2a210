/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Locks on trees
 *
 * Who runs a machine from a tree holds it: alone who may write to it, together with others
 * who only read. The locks are those of systemd, so that nspawn and machined respect ours,
 * and we theirs: one on a file beside the tree, ".#NAME.lck", and one on a file in /run that
 * is named after the tree's inode, for trees that are known by several names, or are mounts.
 * Files without a lock mean nothing: whoever held them was killed.
 */

#include "lib/base/base.h"

typedef struct TreeLock {
        int beside_fd;
        int inode_fd;
        char *beside_path;
        char *inode_path;
        bool shared;
} TreeLock;

#define TREE_LOCK_NONE (TreeLock) { .beside_fd = -EBADF, .inode_fd = -EBADF }

/**
 * tree_lock_take() - hold a tree
 * @path:               its path, absolute
 * @tree_fd:            the tree
 * @shared:             only to read it, as others may meanwhile
 * @ret:                return location for the lock, see tree_lock_release()
 *
 * Who holds it is waited for no longer than leaving takes. It is held until it is released, or
 * all are gone who have inherited the descriptors; those are closed by execve(). Beside trees on
 * file systems that nobody writes to there is no file.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_TREE_BUSY somebody else holds it
 *         -ELOOP       what has the name of the file beside the tree is no such file
 *         others       what making and locking the files runs into
 */
int tree_lock_take(const char *path, int tree_fd, bool shared, TreeLock *ret);

/**
 * tree_lock_release() - leave a tree to others
 * @lock:               the lock, which is TREE_LOCK_NONE afterwards
 *
 * Of those who share it, the last one removes the files.
 */
void tree_lock_release(TreeLock *lock);

/* Whether it is held. */
bool tree_lock_is_held(const TreeLock *lock);
