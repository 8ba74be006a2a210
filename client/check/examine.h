/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Examining
 *
 * Looks at all items of a guest. Each is looked at by a process of its own, all at the same
 * time, so that neither namespaces that it joins nor a guest that keeps it waiting matter to
 * the others.
 */

#include "client/check/item.h"
#include "lib/base/base.h"

/* What looking at a guest may take that does not answer. */
#define EXAMINATION_LIMIT_USEC (10 * USEC_PER_SEC)

#define ITEMS_MAX 64

typedef struct Examination {
        const Item *items[ITEMS_MAX];
        Answer answers[ITEMS_MAX];      /* their evidence safe to print */
        size_t n;
} Examination;

/**
 * examine() - look at all items
 * @s:                  the guest
 * @chapters:           the items
 * @limit_usec:         what it may take, as EXAMINATION_LIMIT_USEC
 * @ret:                return location for what was seen
 *
 * An item that cannot be looked at is unknown.
 */
void examine(const Subject *s, const Item *const *chapters, uint64_t limit_usec, Examination *ret);

/* How many answers there are with a verdict. */
size_t examination_count(const Examination *e, Verdict verdict);
