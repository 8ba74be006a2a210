/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/spec/option.h"

bool option_is_of_spec(const Option *o) {
        assert(o);

        return o->set || o->field != FIELD_NONE;
}

/* All enums of the spec are as large as their numbers. */
static int set_word(void *to, const Word *words, const char *value) {
        int r;

        r = word_find(words, value ?: "yes");
        if (r < 0)
                return r;

        memcpy(to, &r, sizeof(r));
        return 0;
}

int option_set(const Option *o, Spec *spec, const char *value) {
        char *field;

        assert(o);
        assert(spec);

        if (o->set)
                return o->set(spec, value);

        field = (char *) spec + o->offset;
        switch (o->field) {
        case FIELD_TRUE:
                *(bool *) (void *) field = true;
                return 0;

        case FIELD_BOOLEAN:
                return spec_read_boolean((bool *) (void *) field, value);

        case FIELD_STRING:
                return spec_read_string((char **) (void *) field, value);

        case FIELD_WORD:
                return set_word(field, o->words, value);

        default:
                return -EINVAL;
        }
}

bool option_lists(const Option *o) {
        assert(o);

        return o->words || o->list;
}

void option_list(const Option *o, FILE *f) {
        assert(o);

        for (const Word *w = o->words; w && w->word; w++)
                (void) fprintf(f, "%s\n", w->word);
        if (o->list)
                o->list(f);
}
