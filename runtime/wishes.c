/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/scope/limit.h"
#include "lib/spec/property.h"
#include "runtime/wishes.h"

static int set_text(Value *v, const char *text) {
        *v = (Value) { .type = 's', .text = strdup(text) };
        return v->text ? 0 : -ENOMEM;
}

static int set_container(Value *v, char type, const char *signature, size_t n) {
        *v = (Value) { .type = type, .signature = strdup(signature) };
        if (!v->signature)
                return -ENOMEM;

        v->items = calloc(MAX(n, (size_t) 1), sizeof(*v->items));
        if (!v->items)
                return -ENOMEM;

        v->n_items = n;
        return 0;
}

static int set_bytes(Value *v, const SpecProperty *p) {
        int r;

        r = set_container(v, 'a', "y", p->n_set);
        for (size_t i = 0; r >= 0 && i < p->n_set; i++)
                v->items[i] = (Value) { .type = 'y', .number = p->set[i] };

        return r;
}

static int set_device(Value *v, const SpecProperty *p) {
        int r;

        r = set_container(v, 'a', "(st)", p->device[0] ? 1 : 0);
        if (r < 0 || v->n_items == 0)
                return r;

        r = set_container(v->items, 'r', "st", 2);
        if (r >= 0)
                r = set_text(&v->items->items[0], p->device);
        if (r >= 0)
                v->items->items[1] = (Value) { .type = 't', .number = p->number };

        return r;
}

static int set_value(Value *v, const SpecProperty *p) {
        switch (p->type) {
        case SPEC_TEXT:
                return set_text(v, p->text);

        case SPEC_SET:
                return set_bytes(v, p);

        case SPEC_DEVICE:
                return set_device(v, p);

        default:
                *v = (Value) { .type = 't', .number = p->number };
                return 0;
        }
}

/* The last one, which has room already. */
static int add_name(Properties *properties, const char *name) {
        Property *property = &properties->list[properties->n];

        *property = (Property) { .name = strdup(name) };
        if (!property->name)
                return -ENOMEM;

        properties->n++;
        return 0;
}

static int add_all(const Spec *spec, bool limits_only, Properties *properties) {
        int r = 0;

        for (char **s = spec->properties; r >= 0 && s && *s; s++) {
                SpecProperty p;

                r = spec_property_parse(*s, &p);
                if (r >= 0)
                        r = add_name(properties, p.name);
                if (r >= 0)
                        r = set_value(&properties->list[properties->n - 1].value, &p);
                if (r < 0)
                        return r;

                /* A description, which only units have. */
                if (limits_only && limit_check(&properties->list[properties->n - 1]) < 0) {
                        value_done(&properties->list[--properties->n].value);
                        free(properties->list[properties->n].name);
                }
        }

        if (r >= 0 && spec->slice && !limits_only) {
                r = add_name(properties, "Slice");
                if (r >= 0)
                        r = set_text(&properties->list[properties->n - 1].value, spec->slice);
        }

        return r;
}

int wishes_new(const Spec *spec, bool limits_only, Properties *ret) {
        _cleanup_(properties_done) Properties properties = {};
        int r;

        assert(spec);
        assert(ret);

        properties.list = calloc(strv_length(spec->properties) + 1, sizeof(*properties.list));
        if (!properties.list)
                return -ENOMEM;

        r = add_all(spec, limits_only, &properties);
        if (r < 0)
                return r;

        *ret = properties;
        properties = (Properties) {};
        return 0;
}
