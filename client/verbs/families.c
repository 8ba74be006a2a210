/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/verbs/families.h"

const VerbFamily *const verb_families[] = {
        &verb_family_inspect,
        &verb_family_lifecycle,
        &verb_family_autostart,
        &verb_family_limit,
        &verb_family_session,
        &verb_family_exec,
        &verb_family_transfer,
        &verb_family_help,
        NULL,
};
