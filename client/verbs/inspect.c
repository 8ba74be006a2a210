/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/verb.h"
#include "client/verbs/families.h"
#include "client/verbs/inspect.h"
#include "lib/base/i18n.h"

static const Verb verbs[] = {
        { "list", NULL, "", 0, 0, verb_list,
          N_("List running machines") },
        { "status", NULL, "NAME...", 1, VERB_ANY, verb_status,
          N_("Show details of machines") },
        { "show", NULL, "[NAME...]", 0, VERB_ANY, verb_show,
          N_("Show properties of machines, or of the daemon") },
        { "logs", NULL, "NAME", 1, 1, verb_logs,
          N_("Show what a machine has logged, or written to its console") },
        { "stats", NULL, "[NAME...]", 0, VERB_ANY, verb_stats,
          N_("Show what machines use") },
        { "events", NULL, "[NAME...]", 0, VERB_ANY, verb_events,
          N_("Tell what happens to machines, until Ctrl-C") },
        { "check", NULL, "[NAME]", 0, 1, verb_check,
          N_("Hold a running container to the Container Interface") },
        {}
};

VERB_FAMILY(inspect, N_("Looking"), verbs);
