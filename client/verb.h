/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Verbs
 *
 * What berthctl can do. A verb is a row of a family's table, from which follow
 * what is called, how many arguments it takes, and the help. A new verb is a
 * file in client/verbs/ and its row; a new family, one more in families.c.
 */

#include "client/client.h"
#include "lib/base/base.h"

#define VERB_ANY UINT_MAX

typedef struct Verb {
        const char *name;
        const char *alias;              /* another name, as machinectl's users know it, or NULL */
        const char *arguments;          /* as in the help */
        unsigned min, max;              /* how many; VERB_ANY for no limit */
        /* Gets what stands behind the verb, NULL-terminated. Prints its own
         * complaints. Returns the exit status, or a negative error code. */
        int (*run)(Client *client, char *const *args);
        const char *what;
} Verb;

typedef struct VerbFamily {
        const char *title;
        const Verb *verbs;              /* up to a row without a name */
} VerbFamily;

#define VERB_FAMILY(family, family_title, family_verbs) \
        const VerbFamily verb_family_##family = { .title = family_title, .verbs = family_verbs }

/**
 * verb_run() - do what the command line says
 * @families:           all verbs, up to a NULL
 * @client:             given to the verb
 * @args:               the verb and its arguments, or NULL for the first verb of all
 *
 * Complaints are printed.
 *
 * Return: exit status, or a negative error code on failure.
 * Errors: -EINVAL      no such verb, or not with so many arguments
 *         others       that of the verb
 */
int verb_run(const VerbFamily *const *families, Client *client, char *const *args);

/* Prints all verbs, by family, one a line. */
void verbs_print(const VerbFamily *const *families, const Screen *screen);

/* Says the same as an array of objects, for programs. */
json_t *verbs_to_json(const VerbFamily *const *families);
