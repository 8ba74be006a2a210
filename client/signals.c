/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "client/signals.h"
#include "lib/base/text.h"

static int offset_from_string(const char *s, unsigned *ret) {
        return parse_unsigned(s, (unsigned) (SIGRTMAX - SIGRTMIN), ret);
}

int signal_from_string(const char *s) {
        const char *name, *offset;
        unsigned n;

        assert(s);

        if (parse_unsigned(s, (unsigned) SIGRTMAX, &n) >= 0)
                return n > 0 ? (int) n : -EINVAL;

        name = startswith(s, "SIG") ?: s;
        if (streq(name, "RTMIN"))
                return SIGRTMIN;
        if (streq(name, "RTMAX"))
                return SIGRTMAX;

        offset = startswith(name, "RTMIN+");
        if (offset)
                return offset_from_string(offset, &n) < 0 ? -EINVAL : SIGRTMIN + (int) n;

        offset = startswith(name, "RTMAX-");
        if (offset)
                return offset_from_string(offset, &n) < 0 ? -EINVAL : SIGRTMAX - (int) n;

        for (int signo = 1; signo < SIGRTMIN; signo++)
                if (streq_ptr(sigabbrev_np(signo), name))
                        return signo;

        return -EINVAL;
}

void signals_print(void) {
        for (int signo = 1; signo <= SIGRTMAX; signo++) {
                const char *name = sigabbrev_np(signo);

                if (name)
                        (void) printf("SIG%s\n", name);
                else if (signo == SIGRTMIN)
                        (void) puts("SIGRTMIN");
                else if (signo > SIGRTMIN)
                        (void) printf("SIGRTMIN+%i\n", signo - SIGRTMIN);
        }
}
