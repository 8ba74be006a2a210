/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>

#include "client/check/item.h"
#include "lib/base/errors.h"

const Item *const item_chapters[] = {
        execution_items,
        environment_items,
        integration_items,
        network_items,
        run_host_items,
        privilege_items,
        NULL,
};

static void say(Answer *a, Verdict verdict, const char *format, va_list args) {
        a->verdict = verdict;
        (void) vsnprintf(a->evidence, sizeof(a->evidence), format, args);
}

#define SAY(answer, verdict, format)            \
        ({                                      \
                va_list _args;                  \
                va_start(_args, format);        \
                say(answer, verdict, format, _args);    \
                va_end(_args);                  \
        })

void answer_pass(Answer *a, const char *format, ...) {
        SAY(a, VERDICT_PASS, format);
}

void answer_fail(Answer *a, const char *format, ...) {
        SAY(a, VERDICT_FAIL, format);
}

void answer_not_applicable(Answer *a, const char *format, ...) {
        SAY(a, VERDICT_NOT_APPLICABLE, format);
}

void answer_unknown(Answer *a, const char *format, ...) {
        SAY(a, VERDICT_UNKNOWN, format);
}

void answer_if(Answer *a, bool pass, const char *format, ...) {
        SAY(a, pass ? VERDICT_PASS : VERDICT_FAIL, format);
}

void answer_error(Answer *a, const char *what, int error) {
        if (error == -ENOENT || error == -ENOTDIR || error == -ELOOP)
                answer_fail(a, "%s: %s", what, error_text(error));
        else
                answer_unknown(a, "%s: %s", what, error_text(error));
}

void answer_add(Answer *a, const char *format, ...) {
        size_t n = strlen(a->evidence);
        va_list args;

        va_start(args, format);
        (void) vsnprintf(a->evidence + n, sizeof(a->evidence) - n, format, args);
        va_end(args);
}

const char *verdict_to_string(Verdict v) {
        static const char *const words[_VERDICT_MAX] = {
                [VERDICT_PASS] = "pass",
                [VERDICT_FAIL] = "fail",
                [VERDICT_NOT_APPLICABLE] = "not-applicable",
                [VERDICT_UNKNOWN] = "unknown",
        };

        return words[v];
}
