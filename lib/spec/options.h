/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Options
 *
 * What berth-run can be told, one row each: on its command line, and much of it in
 * settings files, too.
 */

#include "lib/spec/option.h"

extern const Option option_table[];
extern const size_t n_options;

/* The option of that name, or NULL. */
const Option *option_find(const char *name);
