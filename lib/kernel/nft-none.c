/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/kernel/nft.h"

int nft_apply(_unused_ const char *commands, char **reterr_text) {
        if (reterr_text)
                *reterr_text = NULL;
        return -EOPNOTSUPP;
}

int nft_find_table(_unused_ const char *name) {
        return -EOPNOTSUPP;
}
