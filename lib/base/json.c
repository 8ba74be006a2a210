/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/json.h"

/* Whether brackets match is the parser's concern. */
static int measure(const char *text, size_t size) {
        size_t depth = 0, n_values = 0;
        bool in_string = false;

        for (size_t i = 0; i < size; i++) {
                char c = text[i];

                if (in_string) {
                        i += c == '\\';
                        in_string = c != '"';
                        continue;
                }

                in_string = c == '"';
                n_values += c == ',' || c == ':' || c == '[' || c == '{';
                depth += c == '[' || c == '{';
                depth -= depth > 0 && (c == ']' || c == '}');

                if (depth > JSON_DEPTH_MAX || n_values > JSON_VALUES_MAX)
                        return -EBADMSG;
        }

        return 0;
}

int json_read(const char *text, size_t size, json_t **ret) {
        json_t *object;
        int r;

        assert(text || size == 0);
        assert(ret);

        r = measure(text, size);
        if (r < 0)
                return r;

        object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(object)) {
                json_decref(object);
                return -EBADMSG;
        }

        *ret = object;
        return 0;
}
