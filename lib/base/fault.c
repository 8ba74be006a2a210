/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "lib/base/fault.h"
#include "lib/base/text.h"

const bool fault_points_exist = true;

int fault_point(const char *where, const char *what) {
        const char *wanted = getenv("BERTH_FAULT"), *rest;
        char here[128];
        unsigned error;

        if (!wanted)
                return 0;

        (void) snprintf(here, sizeof(here), "%s%s%s", where, what ? ":" : "", what ? what : "");
        rest = startswith(wanted, here);
        if (!rest)
                return 0;

        if (!*rest)
                (void) raise(SIGKILL);
        if (*rest == '=' && parse_unsigned(rest + 1, 4095, &error) >= 0)
                return -(int) error;

        return 0;
}
