/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "lib/base/signals.h"
#include "lib/base/text.h"
#include "lib/spec/read.h"
#include "lib/spec/setters.h"

int set_boot(Spec *spec, const char *value) {
        bool boot;
        int r;

        r = spec_read_boolean(&boot, value);
        if (r < 0)
                return r;

        spec->mode = boot ? START_BOOT : START_SHELL;
        return 0;
}

/* What systemd-nspawn had before --uid=; alone it asks for something else by now. */
int set_user(Spec *spec, const char *value) {
        return value ? spec_read_string(&spec->user, value) : -ENOSYS;
}

int set_environment(Spec *spec, const char *value) {
        const char *ours;

        if (!environment_name_is_valid(value, strcspn(value, "=")))
                return -EINVAL;
        if (strchr(value, '='))
                return strv_push(&spec->environment, value);

        ours = getenv(value);
        return ours ? strv_pushf(&spec->environment, "%s=%s", value, ours) : 0;
}

int set_kill_signal(Spec *spec, const char *value) {
        int signo;

        signo = signal_from_string(value);
        if (signo < 0)
                return signo;

        spec->kill_signal = signo;
        return 0;
}

int set_ttys(Spec *spec, const char *value) {
        unsigned n;

        if (parse_unsigned(value, SPEC_TTYS_MAX, &n) < 0)
                return -EINVAL;

        spec->n_ttys = n;
        return 0;
}

void list_signals(FILE *f) {
        char name[SIGNAL_STRING_MAX];

        /* What lies between is the C library's. */
        for (int signo = 1; signo <= SIGRTMAX; signo++)
                if (sigabbrev_np(signo) || signo >= SIGRTMIN)
                        (void) fprintf(f, "%s\n", signal_to_string(signo, name));
}
