/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/client.h"
#include "client/value.h"
#include "lib/base/text.h"

json_t *value_string(const char *s) {
        _cleanup_free_ char *clean = strdup(s);

        return clean ? json_string(text_strip_control(clean)) : NULL;
}

const char *value_get_string(const json_t *object, const char *key) {
        const char *s = json_string_value(json_object_get(object, key));

        return isempty(s) ? NULL : s;
}

static json_t *number_from_unsigned(uint64_t n) {
        return n <= INT64_MAX ? json_integer((json_int_t) n) : json_null();
}

static json_t *read_basic(sd_bus_message *m, char type) {
        union {
                const char *s;
                int b;
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
        } v = {};

        if (sd_bus_message_read_basic(m, type, &v) < 0)
                return NULL;

        switch (type) {
        case 's': case 'o': case 'g':
                return value_string(v.s);
        case 'b':
                return json_boolean(v.b);
        case 'y':
                return json_integer(v.y);
        case 'n':
                return json_integer(v.n);
        case 'q':
                return json_integer(v.q);
        case 'i': case 'h':
                return json_integer(v.i);
        case 'u':
                return json_integer(v.u);
        case 'x':
                return json_integer(v.x);
        case 't':
                return number_from_unsigned(v.t);
        default:
                return json_real(v.d);
        }
}

static json_t *read_bytes(sd_bus_message *m) {
        _cleanup_free_ char *digits = NULL;
        const uint8_t *bytes;
        const void *data;
        size_t n;

        if (sd_bus_message_read_array(m, 'y', &data, &n) < 0)
                return NULL;

        digits = calloc(n + 1, 2);
        if (!digits)
                return NULL;

        bytes = data;
        for (size_t i = 0; i < n; i++)
                (void) snprintf(digits + 2 * i, 3, "%02x", bytes[i]);

        return json_string(digits);
}

static int read_element(sd_bus_message *m, json_t *array) {
        json_t *one;
        int r;

        r = value_read(m, &one);
        if (r < 0)
                return r;

        return json_array_append_new(array, one) < 0 ? -ENOMEM : 0;
}

static int read_entry(sd_bus_message *m, json_t *object) {
        _cleanup_(json_freep) json_t *key = NULL;
        _cleanup_free_ char *text = NULL;
        json_t *value;
        int r;

        r = sd_bus_message_enter_container(m, 'e', NULL);
        if (r < 0)
                return r;

        r = value_read(m, &key);
        if (r < 0)
                return r;
        r = value_read(m, &value);
        if (r < 0)
                return r;

        /* Other keys than text are printed as JSON prints them. */
        if (!json_is_string(key))
                text = json_dumps(key, JSON_ENCODE_ANY);
        if (json_object_set_new(object, json_string_value(key) ?: text ?: "", value) < 0)
                return -ENOMEM;

        return sd_bus_message_exit_container(m);
}

/* Arrays of entries become objects, others and structures arrays. */
static int read_container(sd_bus_message *m, char type, const char *contents, json_t **ret) {
        bool is_object = type == 'a' && contents[0] == '{';
        _cleanup_(json_freep) json_t *all = NULL;
        int r;

        all = is_object ? json_object() : json_array();
        if (!all)
                return -ENOMEM;

        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                r = is_object ? read_entry(m, all) : read_element(m, all);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(all);
        return 1;
}

int value_read(sd_bus_message *m, json_t **ret) {
        const char *contents;
        json_t *value = NULL;
        char type;
        int r;

        assert(m);
        assert(ret);

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r <= 0)
                return r;

        if (type == 'v') {
                r = sd_bus_message_enter_container(m, 'v', contents);
                if (r < 0)
                        return r;
                r = value_read(m, &value);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0) {
                        json_decref(value);
                        return r;
                }
        } else if (type == 'a' && streq(contents, "y"))
                value = read_bytes(m);
        else if (type == 'a' || type == 'r')
                return read_container(m, type, contents, ret);
        else
                value = read_basic(m, type);

        if (!value)
                return -EBADMSG;

        *ret = value;
        return 1;
}
