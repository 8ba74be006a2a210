/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Translation
 *
 * _() around what people read: it becomes their language where it is printed.
 * N_() around the same in a static table: it marks the text for translators,
 * and whoever prints it says _() then. What goes into the journal, over the
 * bus or into a file for machines is not translated.
 */

#include <libintl.h>
#include <locale.h>

#include "lib/base/base.h"

#define BERTH_DOMAIN "berth"

#define _(text) dgettext(BERTH_DOMAIN, (text))
#define N_(text) text

/**
 * i18n_init() - let a program speak the language of its user
 *
 * For main(), first thing. Without a catalog for that language the programs
 * speak English.
 */
static inline void i18n_init(void) {
        /* Each category is some files to open. How addresses or paper look here, we never ask. */
        static const int categories[] = { LC_CTYPE, LC_MESSAGES, LC_TIME, LC_COLLATE, LC_NUMERIC };

        for (size_t i = 0; i < ELEMENTSOF(categories); i++)
                (void) setlocale(categories[i], "");
        (void) bindtextdomain(BERTH_DOMAIN, BERTH_LOCALEDIR);
        (void) bind_textdomain_codeset(BERTH_DOMAIN, "UTF-8");
}
