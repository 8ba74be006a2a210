/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "lib/base/fault.h"
#include "lib/base/text.h"

const bool fault_points_exist = true;

/* What a test wants to happen here, or NULL. */
static const char *find(const char *where, const char *what) {
        const char *wanted = getenv("BERTH_FAULT");
        char here[128];

        (void) snprintf(here, sizeof(here), "%s%s%s", where, what ? ":" : "", what ? what : "");
        return wanted ? startswith(wanted, here) : NULL;
}

int fault_point(const char *where, const char *what) {
        const char *rest = find(where, what);
        unsigned error;

        if (!rest)
                return 0;
        if (!*rest) {
                (void) raise(SIGKILL);
                _exit(128 + SIGKILL); /* the first process of a pid namespace cannot kill itself */
        }
        if (streq(rest, "=wait")) {
                (void) fputs("waiting\n", stderr);
                for (;;)
                        (void) pause();
        }
        if (*rest == '=' && parse_unsigned(rest + 1, 4095, &error) >= 0)
                return -(int) error;

        return 0;
}

bool fault_skips(const char *where, const char *what) {
        const char *rest = find(where, what);

        return rest && streq(rest, "=skip");
}
