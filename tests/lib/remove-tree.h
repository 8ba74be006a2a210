/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Removal of trees
 *
 * The end of a temporary directory and all below it, for tests.
 */

#include <ftw.h>
#include <stdio.h>

#include "lib/base/base.h"

static inline int remove_one(
                const char *path,
                _unused_ const struct stat *st,
                _unused_ int type,
                _unused_ struct FTW *ftw) {

        return remove(path);
}

static inline void remove_tree(const char *directory) {
        (void) nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
