/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/setters.h"

#define ID_SIZE_MAX 255

/* What can be the name of a file in a directory of credentials. */
static bool id_is_valid(const char *id) {
        size_t size = strlen(id);

        return size > 0 && size <= ID_SIZE_MAX && !strchr(id, '/') && !streq(id, ".") && !streq(id, "..") &&
               text_is_printable(id);
}

static int hexadecimal(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;

        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -EINVAL;
}

/* Digits to a base of 8 or 16; returns their number. */
static int read_digits(const char *s, size_t n, unsigned base, char *ret) {
        unsigned value = 0;

        for (size_t i = 0; i < n; i++) {
                int digit = hexadecimal(s[i]);

                if (digit < 0 || (unsigned) digit >= base)
                        return -EINVAL;

                value = value * base + (unsigned) digit;
        }
        if (value > UINT8_MAX)
                return -EINVAL;

        *ret = (char) value;
        return (int) n;
}

/* What follows a backslash; returns how much of it is to be passed over. */
static int read_escape(const char *s, char *ret) {
        static const char letters[] = "abfnrtv\\\"'s", meanings[] = "\a\b\f\n\r\t\v\\\"' ";
        const char *found = *s ? strchr(letters, *s) : NULL;

        if (found) {
                *ret = meanings[found - letters];
                return 1;
        }

        if (*s == 'x') {
                int r = read_digits(s + 1, 2, 16, ret);

                return r < 0 ? r : 1 + r;
        }

        return read_digits(s, 3, 8, ret);
}

static int unescape(const char *s, char **ret, size_t *ret_size) {
        _cleanup_free_ char *data = malloc(strlen(s) + 1);
        size_t size = 0;
        int r;

        if (!data)
                return -ENOMEM;

        for (; *s; size++) {
                if (*s != '\\') {
                        data[size] = *s++;
                        continue;
                }

                r = read_escape(s + 1, data + size);
                if (r < 0)
                        return r;

                s += 1 + r;
        }

        *ret = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

static int add(Spec *spec, const char *value, int (*read)(SpecCredential *c, const char *value)) {
        const char *colon = strchr(value, ':');
        SpecCredential c = {};
        int r;

        if (!colon)
                return -EINVAL;

        c.id = strndup(value, (size_t) (colon - value));
        if (!c.id)
                return -ENOMEM;

        r = id_is_valid(c.id) ? read(&c, colon + 1) : -EINVAL;
        if (r >= 0)
                r = spec_add_credential(spec, &c);
        if (r < 0) {
                free(c.id);
                free(c.path);
                free(c.data);
        }

        return r;
}

static int read_data(SpecCredential *c, const char *value) {
        return unescape(value, &c->data, &c->size);
}

/* A name alone is that of one that we were given ourselves. */
static int read_path(SpecCredential *c, const char *value) {
        const char *directory = getenv("CREDENTIALS_DIRECTORY");

        if (*value == '/')
                return text_printf(&c->path, "%s", value);
        if (!id_is_valid(value) || !directory || *directory != '/')
                return -EINVAL;

        return text_printf(&c->path, "%s/%s", directory, value);
}

int set_credential(Spec *spec, const char *value) {
        return add(spec, value, read_data);
}

int load_credential(Spec *spec, const char *value) {
        return add(spec, value, read_path);
}
