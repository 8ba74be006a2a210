/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/varlink-message.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

static int read_flag(json_t *object, const char *name, bool *ret) {
        json_t *j = varlink_get(object, name);

        if (j && !json_is_boolean(j))
                return -EBADMSG;

        *ret = json_is_true(j);
        return 0;
}

static int read_flags(json_t *object, VarlinkMessage *m) {
        if (read_flag(object, "more", &m->more) < 0 ||
            read_flag(object, "oneway", &m->oneway) < 0 ||
            read_flag(object, "upgrade", &m->upgrade) < 0)
                return -EBADMSG;

        return m->more + m->oneway + m->upgrade > 1 ? -EBADMSG : 0;
}

static int read_call(json_t *object, VarlinkMessage *m) {
        json_t *method = varlink_get(object, "method"), *parameters = varlink_get(object, "parameters");
        int r;

        if (!json_is_string(method) || (parameters && !json_is_object(parameters)))
                return -EBADMSG;

        r = read_flags(object, m);
        if (r < 0)
                return r;

        m->method = strdup(json_string_value(method));
        m->parameters = parameters ? json_incref(parameters) : json_object();
        return m->method && m->parameters ? 0 : -ENOMEM;
}

int varlink_message_parse(const char *text, size_t size, VarlinkMessage *ret) {
        _cleanup_(varlink_message_done) VarlinkMessage m = {};
        _cleanup_(json_decrefp) json_t *object = NULL;
        int r;

        assert(text || size == 0);
        assert(ret);

        if (size > VARLINK_MESSAGE_MAX)
                return -EBADMSG;

        r = json_read(text, size, &object);
        if (r < 0)
                return r;

        r = read_call(object, &m);
        if (r < 0)
                return r;

        *ret = m;
        m = (VarlinkMessage) {};
        return 0;
}

void varlink_message_done(VarlinkMessage *m) {
        free(m->method);
        json_decref(m->parameters);
        *m = (VarlinkMessage) {};
}

static bool are_all(json_t *array, bool (*is)(json_t *)) {
        json_t *j;
        size_t i;

        json_array_foreach(array, i, j)
                if (!is(j))
                        return false;

        return json_is_array(array);
}

static bool is_string(json_t *j) {
        return json_is_string(j);
}

static bool is_object(json_t *j) {
        return json_is_object(j);
}

static bool has_type(json_t *j, VarlinkType type) {
        switch (type) {
        case VARLINK_BOOL:
                return json_is_boolean(j);
        case VARLINK_INT:
                return json_is_integer(j);
        case VARLINK_UINT32:
                return json_is_integer(j) && json_integer_value(j) >= 0 &&
                       json_integer_value(j) <= UINT32_MAX;
        case VARLINK_STRING:
                return json_is_string(j);
        case VARLINK_STRINGS:
                return are_all(j, is_string);
        case VARLINK_OBJECTS:
                return are_all(j, is_object);
        case VARLINK_ANY:
                return true;
        }

        return false;
}

static const VarlinkField *find_field(const VarlinkField *fields, const char *name) {
        for (const VarlinkField *f = fields; f && f->name; f++)
                if (streq(f->name, name))
                        return f;

        return NULL;
}

const char *varlink_fields_check(const VarlinkField *fields, json_t *parameters) {
        const char *name;
        json_t *j;

        json_object_foreach(parameters, name, j) {
                const VarlinkField *f = find_field(fields, name);

                if (!f || (!json_is_null(j) && !has_type(j, f->type)))
                        return name;
        }

        for (const VarlinkField *f = fields; f && f->name; f++)
                if (f->required && !varlink_get(parameters, f->name))
                        return f->name;

        return NULL;
}

json_t *varlink_get(json_t *parameters, const char *name) {
        json_t *j = json_object_get(parameters, name);

        return json_is_null(j) ? NULL : j;
}

const char *varlink_get_string(json_t *parameters, const char *name) {
        return json_string_value(varlink_get(parameters, name));
}

bool varlink_get_bool(json_t *parameters, const char *name) {
        return json_is_true(varlink_get(parameters, name));
}

bool varlink_get_int(json_t *parameters, const char *name, json_int_t *ret) {
        json_t *j = varlink_get(parameters, name);

        if (!j)
                return false;

        *ret = json_integer_value(j);
        return true;
}

int varlink_get_strings(json_t *parameters, const char *name, char ***ret) {
        _cleanup_(strv_freep) char **l = NULL;
        json_t *j;
        size_t i;
        int r;

        json_array_foreach(varlink_get(parameters, name), i, j) {
                r = strv_push(&l, json_string_value(j));
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(l);
        return 0;
}

json_t *varlink_string(const char *s) {
        _cleanup_free_ char *copy = NULL;
        json_t *j;

        assert(s);

        j = json_string(s);
        if (j)
                return j;

        copy = strdup(s);
        return copy ? json_string(text_strip_control(copy)) : NULL;
}
