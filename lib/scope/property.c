/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/scope/property.h"

void value_done(Value *v) {
        assert(v);

        for (size_t i = 0; i < v->n_items; i++)
                value_done(&v->items[i]);
        free(v->items);
        free(v->signature);

        if (v->type == 's' || v->type == 'o' || v->type == 'g')
                free(v->text);

        *v = (Value) {};
}

void properties_done(Properties *p) {
        assert(p);

        for (size_t i = 0; i < p->n; i++) {
                free(p->list[i].name);
                value_done(&p->list[i].value);
        }

        free(p->list);
        *p = (Properties) {};
}

const Property *properties_find(const Properties *p, const char *name) {
        const Property *found = NULL;

        for (size_t i = 0; p && i < p->n; i++)
                if (streq(p->list[i].name, name))
                        found = &p->list[i];

        return found;
}
