/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Families of verbs
 *
 * All that berthctl knows, in the order of its help. The first verb of the
 * first one is what it does when it is told nothing.
 */

#include "client/verb.h"

extern const VerbFamily verb_family_inspect;
extern const VerbFamily verb_family_lifecycle;
extern const VerbFamily verb_family_autostart;
extern const VerbFamily verb_family_limit;
extern const VerbFamily verb_family_session;
extern const VerbFamily verb_family_exec;
extern const VerbFamily verb_family_transfer;
extern const VerbFamily verb_family_help;

extern const VerbFamily *const verb_families[];
