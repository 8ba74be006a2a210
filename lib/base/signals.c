/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "lib/base/signals.h"
#include "lib/base/text.h"

static int parse_realtime(const char *s) {
        bool up = startswith(s, "RTMIN");
        unsigned offset = 0;
        int r;

        s += strlen("RTMIN");
        if (*s) {
                if (*s != (up ? '+' : '-'))
                        return -EINVAL;

                r = parse_unsigned(s + 1, (unsigned) (SIGRTMAX - SIGRTMIN), &offset);
                if (r < 0)
                        return -EINVAL;
        }

        return up ? SIGRTMIN + (int) offset : SIGRTMAX - (int) offset;
}

int signal_from_string(const char *s) {
        const char *rest;
        unsigned n;

        assert(s);

        if (parse_unsigned(s, NSIG - 1, &n) >= 0)
                return n > 0 ? (int) n : -EINVAL;

        rest = startswith(s, "SIG");
        if (rest)
                s = rest;

        if (startswith(s, "RTMIN") || startswith(s, "RTMAX"))
                return parse_realtime(s);

        for (int signo = 1; signo < SIGRTMIN; signo++) {
                const char *name = sigabbrev_np(signo);

                if (name && streq(name, s))
                        return signo;
        }

        return -EINVAL;
}

const char *signal_to_string(int signo, char buffer[static SIGNAL_STRING_MAX]) {
        const char *name = signo < SIGRTMIN ? sigabbrev_np(signo) : NULL;

        if (name)
                (void) snprintf(buffer, SIGNAL_STRING_MAX, "SIG%s", name);
        else if (signo >= SIGRTMIN && signo <= SIGRTMAX)
                (void) snprintf(buffer, SIGNAL_STRING_MAX, signo > SIGRTMIN ? "SIGRTMIN+%i" : "SIGRTMIN",
                                signo - SIGRTMIN);
        else
                (void) snprintf(buffer, SIGNAL_STRING_MAX, "%i", signo);

        return buffer;
}
