/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Items
 *
 * What the Container Interface asks of whoever runs a container, item by item, and how
 * each is found out. The rows are in the files of their chapters; each function looks at
 * a live guest from the outside, asking the kernel wherever it can be asked, and says
 * what it saw. It runs in a process of its own, which is killed if it takes too long, and
 * so may join namespaces and be kept waiting by the guest as it likes. It may write to
 * nothing that others see.
 */

#include "client/check/subject.h"
#include "lib/base/base.h"

typedef enum Verdict {
        VERDICT_PASS,
        VERDICT_FAIL,
        VERDICT_NOT_APPLICABLE,
        VERDICT_UNKNOWN,
        _VERDICT_MAX,
} Verdict;

#define EVIDENCE_MAX 256

typedef struct Answer {
        Verdict verdict;
        char evidence[EVIDENCE_MAX];    /* one line, which the guest may have a say in */
} Answer;

typedef struct Item {
        unsigned number;                /* as docs/conformance.md counts them */
        const char *name;
        const char *how;                /* what is looked at */
        void (*look)(const Subject *s, Answer *a);
} Item;

/* Each up to a row without a name, in the order of the numbers. */
extern const Item execution_items[], environment_items[], integration_items[], network_items[],
        run_host_items[], privilege_items[];

/* All of these. */
extern const Item *const item_chapters[];

/* These say what was seen. The last one counts. */
void answer_pass(Answer *a, const char *format, ...) _printf_(2, 3);
void answer_fail(Answer *a, const char *format, ...) _printf_(2, 3);
void answer_not_applicable(Answer *a, const char *format, ...) _printf_(2, 3);
void answer_unknown(Answer *a, const char *format, ...) _printf_(2, 3);

/* Passes or fails, with the same evidence. */
void answer_if(Answer *a, bool pass, const char *format, ...) _printf_(3, 4);

/**
 * answer_error() - say that it cannot be found out
 * @a:                  the answer
 * @what:               what was looked at
 * @error:              negative error code
 *
 * What is not there fails; the rest is unknown.
 */
void answer_error(Answer *a, const char *what, int error);

/**
 * answer_add() - extend the evidence
 * @a:                  the answer
 * @format:             printf() format
 */
void answer_add(Answer *a, const char *format, ...) _printf_(2, 3);

/* "pass", "fail", "not-applicable", "unknown". */
const char *verdict_to_string(Verdict v);
