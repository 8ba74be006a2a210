/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "lib/scope/property-bus.h"

static bool is_container(char type) {
        return type == SD_BUS_TYPE_ARRAY || type == SD_BUS_TYPE_VARIANT || type == SD_BUS_TYPE_STRUCT ||
                type == SD_BUS_TYPE_DICT_ENTRY;
}

static bool is_text(char type) {
        return type == SD_BUS_TYPE_STRING || type == SD_BUS_TYPE_OBJECT_PATH ||
                type == SD_BUS_TYPE_SIGNATURE;
}

/* Numbers of fewer than eight bytes go in and out by their own width, at the
 * address of the whole: that is right on little-endian machines only. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are kept in little-endian order");

static int read_basic(sd_bus_message *m, char type, Value *v) {
        const char *text;
        int r;

        v->type = type;

        if (type == SD_BUS_TYPE_UNIX_FD)
                return -EINVAL;
        if (!is_text(type))
                return sd_bus_message_read_basic(m, type, &v->number);

        r = sd_bus_message_read_basic(m, type, &text);
        if (r < 0)
                return r;

        v->text = strdup(text);
        return v->text ? 0 : -ENOMEM;
}

static int read_value(sd_bus_message *m, Value *v);

/* D-Bus itself bounds the depth: 32 arrays in 32 structures. */
static int read_container(sd_bus_message *m, char type, const char *signature, Value *v) {
        int r;

        v->type = type;
        v->signature = strdup(signature);
        if (!v->signature)
                return -ENOMEM;

        r = sd_bus_message_enter_container(m, type, signature);
        if (r < 0)
                return r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                Value *grown = reallocarray(v->items, v->n_items + 1, sizeof(Value));

                if (!grown)
                        return -ENOMEM;

                v->items = grown;
                v->items[v->n_items++] = (Value) {};

                r = read_value(m, &v->items[v->n_items - 1]);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        return sd_bus_message_exit_container(m);
}

static int read_value(sd_bus_message *m, Value *v) {
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0)
                return -EBADMSG;

        return is_container(type) ? read_container(m, type, contents, v) : read_basic(m, type, v);
}

static int read_property(sd_bus_message *m, Property *p) {
        const char *name, *contents;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_STRUCT, "sv");
        if (r < 0)
                return r;

        r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
        if (r < 0)
                return r;

        p->name = strdup(name);
        if (!p->name)
                return -ENOMEM;

        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, contents);
        if (r < 0)
                return r;

        r = read_value(m, &p->value);
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        return sd_bus_message_exit_container(m);
}

static int read_properties(sd_bus_message *m, Properties *p) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(sv)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                Property *grown;

                if (p->n >= PROPERTIES_MAX)
                        return -E2BIG;

                grown = reallocarray(p->list, p->n + 1, sizeof(Property));
                if (!grown)
                        return -ENOMEM;

                p->list = grown;
                p->list[p->n++] = (Property) {};

                r = read_property(m, &p->list[p->n - 1]);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        return sd_bus_message_exit_container(m);
}

int properties_read(sd_bus_message *m, Properties *ret) {
        Properties p = {};
        int r;

        assert(m);
        assert(ret);

        r = read_properties(m, &p);
        if (r < 0) {
                properties_done(&p);
                return r;
        }

        *ret = p;
        return 0;
}

static int append_value(sd_bus_message *m, const Value *v) {
        int r;

        if (!is_container(v->type))
                return sd_bus_message_append_basic(m, v->type,
                                                   is_text(v->type) ? (const void *) v->text : &v->number);

        r = sd_bus_message_open_container(m, v->type, v->signature);
        if (r < 0)
                return r;

        for (size_t i = 0; i < v->n_items; i++) {
                r = append_value(m, &v->items[i]);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(m);
}

/* The signature of one complete value. */
static int value_signature(const Value *v, char **ret) {
        char *s;
        int n;

        switch (v->type) {
        case SD_BUS_TYPE_ARRAY:
                n = asprintf(&s, "a%s", v->signature);
                break;
        case SD_BUS_TYPE_STRUCT:
                n = asprintf(&s, "(%s)", v->signature);
                break;
        default:
                n = asprintf(&s, "%c", v->type);
        }
        if (n < 0)
                return -ENOMEM;

        *ret = s;
        return 0;
}

/* As (sv) or {sv}. */
static int append_property(sd_bus_message *m, char type, const Property *p) {
        _cleanup_free_ char *signature = NULL;
        int r;

        r = value_signature(&p->value, &signature);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(m, type, "sv");
        if (r < 0)
                return r;

        r = sd_bus_message_append_basic(m, SD_BUS_TYPE_STRING, p->name);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, signature);
        if (r < 0)
                return r;

        r = append_value(m, &p->value);
        if (r < 0)
                return r;

        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;

        return sd_bus_message_close_container(m);
}

int properties_append(sd_bus_message *m, const Properties *p) {
        int r;

        for (size_t i = 0; p && i < p->n; i++) {
                r = append_property(m, SD_BUS_TYPE_STRUCT, &p->list[i]);
                if (r < 0)
                        return r;
        }

        return 0;
}

int properties_append_dictionary(sd_bus_message *m, const Properties *p) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        for (size_t i = 0; p && i < p->n && r >= 0; i++)
                r = append_property(m, SD_BUS_TYPE_DICT_ENTRY, &p->list[i]);

        return r < 0 ? r : sd_bus_message_close_container(m);
}
