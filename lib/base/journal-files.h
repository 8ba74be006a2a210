/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Journal files
 *
 * Where the journald of a machine keeps its files, in the machine's tree: nothing
 * there is to be believed, and nothing is read but names.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"

/**
 * journal_directory_open() - open the directory that a machine's journal is in
 * @root_fd:            the machine's root directory
 * @id:                 its id; if that is null, the one in its /etc/machine-id
 *
 * On disk, or else in memory, where journald writes before it may write to disk, or
 * if it shall not. A directory without any journal in it is none.
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -ENOENT      there is no journal
 *         others       what openat2() or listing runs into
 */
int journal_directory_open(int root_fd, Id128 id);
