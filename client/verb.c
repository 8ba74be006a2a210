/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/verb.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* Where the descriptions begin; machinectl's is the same. */
#define HELP_COLUMN 28

static const Verb *find_verb(const VerbFamily *const *families, const char *name) {
        for (; *families; families++)
                for (const Verb *verb = (*families)->verbs; verb->name; verb++)
                        if (streq(verb->name, name) || streq_ptr(verb->alias, name))
                                return verb;

        return NULL;
}

/* Those of machinectl that are about images, or about what no daemon of containers has. */
static bool is_machinectls(const char *name) {
        static const char *const words[] = {
                "list-images", "image-status", "show-image", "edit", "cat", "clone", "rename", "read-only",
                "remove", "set-limit", "clean", "bind-volume", "unbind-volume", "pull-tar", "pull-raw",
                "import-tar", "import-raw", "import-fs", "export-tar", "export-raw", "list-transfers",
                "cancel-transfer",
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(name, words[i]))
                        return true;

        return false;
}

int verb_run(const VerbFamily *const *families, Client *client, char *const *args) {
        const Verb *verb;
        size_t n;

        assert(families);
        assert(client);

        verb = args ? find_verb(families, args[0]) : families[0]->verbs;
        if (!verb) {
                if (is_machinectls(args[0]))
                        (void) log_error(0, _("Not supported: %s is a command of machinectl only."),
                                         args[0]);
                else
                        (void) log_error(0, _("Unknown command verb %s."), args[0]);
                return -EINVAL;
        }

        n = args ? strv_length(args) - 1 : 0;
        if (n < verb->min) {
                (void) log_error(0, _("Too few arguments."));
                return -EINVAL;
        }
        if (verb->max != VERB_ANY && n > verb->max) {
                (void) log_error(0, _("Too many arguments."));
                return -EINVAL;
        }

        return verb->run(client, args ? args + 1 : (char *const[]) { NULL });
}

void verbs_print(const VerbFamily *const *families, const Screen *screen) {
        for (; *families; families++) {
                (void) printf("\n%s%s:%s\n", screen_color(screen, COLOR_HEADER), _((*families)->title),
                              screen_color(screen, COLOR_NONE));

                for (const Verb *verb = (*families)->verbs; verb->name; verb++) {
                        int n;

                        n = printf("  %s%s%s%s%s", verb->name, verb->alias ? ", " : "", verb->alias ?: "",
                                   *verb->arguments ? " " : "", verb->arguments);
                        if (n > HELP_COLUMN)
                                n = printf("\n") - 1;
                        (void) printf("%*s  %s\n", HELP_COLUMN - n, "", _(verb->what));
                }
        }
}

json_t *verbs_to_json(const VerbFamily *const *families) {
        json_t *all = json_array();

        for (; *families; families++)
                for (const Verb *verb = (*families)->verbs; verb->name; verb++)
                        (void) json_array_append_new(all, json_pack(
                                "{s:s, s:s?, s:s, s:s, s:i, s:o, s:s}",
                                "name", verb->name, "alias", verb->alias,
                                "family", _((*families)->title), "arguments", verb->arguments,
                                "minimum", (int) verb->min,
                                "maximum", verb->max == VERB_ANY ? json_null() : json_integer(verb->max),
                                "description", _(verb->what)));

        return all;
}
