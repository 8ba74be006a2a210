/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * nftables
 *
 * Commands of nft(8), carried out in this process. A build without the library
 * has nft-none.c instead, where nothing can be done.
 */

#include "lib/base/base.h"

/**
 * nft_apply() - carry out commands, all of them or none
 * @commands:           text as nft(8) reads it from a file; never a user's
 * @reterr_text:        return location for what the library said, to be freed,
 *                      or NULL; what is returned there may be NULL, too
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EOPNOTSUPP  this kernel, or this build, has no nftables
 *         -EPERM       they are not ours to change
 *         -ENOENT      something that a command names is not there
 *         -EEXIST      something that it adds is
 *         -EIO         the library did not say what the kernel answered
 *         others       what the kernel answered
 */
int nft_apply(const char *commands, char **reterr_text);

/**
 * nft_find_table() - check whether a table is there
 * @name:               name of a table of the family inet
 *
 * To remove one, also if there is none, has the kernel wait some ten milliseconds.
 *
 * Return: 0 if it is there, negative error code if not.
 * Errors: -ENOENT      it is not
 *         -EOPNOTSUPP  this kernel, or this build, has no nftables
 *         others       what the kernel answered
 */
int nft_find_table(const char *name);
