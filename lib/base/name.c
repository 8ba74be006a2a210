/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/name.h"
#include "lib/base/text.h"

static bool is_alpha(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static int from_hex(char c) {
        if (is_digit(c))
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;

        return -EINVAL;
}

bool machine_name_is_valid(const char *name) {
        bool at_start = true, after_dash = false;
        size_t n = 0;

        if (isempty(name))
                return false;

        for (; name[n]; n++) {
                char c = name[n];

                if (n >= MACHINE_NAME_MAX)
                        return false;

                if (c == '.') {
                        if (at_start || after_dash)
                                return false;
                        at_start = true;
                        continue;
                }

                if (c == '-' ? at_start : !is_alpha(c) && !is_digit(c))
                        return false;

                after_dash = c == '-';
                at_start = false;
        }

        return !at_start && !after_dash;
}

bool user_name_is_valid(const char *name) {
        assert(name);

        if (isempty(name) || strlen(name) > USER_NAME_MAX || name[0] == '-')
                return false;
        if (streq(name, ".") || streq(name, "..") || strpbrk(name, ":/"))
                return false;

        return text_is_printable(name);
}

int machine_name_from_path(const char *path, char **ret) {
        _cleanup_free_ char *name = NULL;
        const char *base, *end;
        size_t n = 0;

        assert(path);
        assert(ret);

        end = path + strlen(path);
        while (end > path && end[-1] == '/')
                end--;
        base = end;
        while (base > path && base[-1] != '/')
                base--;
        if (end - base > 4 && strncmp(end - 4, ".raw", 4) == 0)
                end -= 4;

        name = malloc((size_t) (end - base) + 1);
        if (!name)
                return -ENOMEM;

        for (; base < end && n < MACHINE_NAME_MAX; base++) {
                bool at_start = n == 0 || name[n - 1] == '.';

                if (is_alpha(*base) || is_digit(*base) || (*base == '-' && !at_start))
                        name[n++] = *base;
                else if (*base == '.' && !at_start && name[n - 1] != '-')
                        name[n++] = '.';
        }
        while (n > 0 && (name[n - 1] == '.' || name[n - 1] == '-'))
                n--;
        name[n] = 0;

        if (!machine_name_is_valid(name))
                return -EINVAL;

        *ret = TAKE_PTR(name);
        return 0;
}

static const char hex_table[] = "0123456789abcdef";

int unit_name_escape(const char *s, char **ret) {
        char *e, *p;

        assert(s);
        assert(ret);

        p = e = malloc(strlen(s) * 4 + 1);
        if (!e)
                return -ENOMEM;

        for (const char *i = s; *i; i++) {
                if (*i == '/')
                        *p++ = '-';
                else if (is_alpha(*i) || is_digit(*i) || *i == ':' || *i == '_' || (*i == '.' && i != s))
                        *p++ = *i;
                else {
                        *p++ = '\\';
                        *p++ = 'x';
                        *p++ = hex_table[(unsigned char) *i >> 4];
                        *p++ = hex_table[(unsigned char) *i & 15];
                }
        }
        *p = 0;

        *ret = e;
        return 0;
}

static int unit_name_of(const char *prefix, const char *machine, const char *suffix, char **ret) {
        _cleanup_free_ char *escaped = NULL;
        int r;

        r = unit_name_escape(machine, &escaped);
        if (r < 0)
                return r;

        return text_printf(ret, "%s%s%s", prefix, escaped, suffix);
}

int machine_scope_name(const char *machine, char **ret) {
        return unit_name_of("machine-", machine, ".scope", ret);
}

int machine_service_name(const char *machine, char **ret) {
        return text_printf(ret, "berth@%s.service", machine);
}

int bus_label_escape(const char *s, char **ret) {
        char *e, *p;

        assert(s);
        assert(ret);

        p = e = malloc(strlen(s) * 3 + 2);
        if (!e)
                return -ENOMEM;

        if (!*s)
                *p++ = '_';

        for (const char *i = s; *i; i++) {
                if (is_alpha(*i) || (is_digit(*i) && i != s))
                        *p++ = *i;
                else {
                        *p++ = '_';
                        *p++ = hex_table[(unsigned char) *i >> 4];
                        *p++ = hex_table[(unsigned char) *i & 15];
                }
        }
        *p = 0;

        *ret = e;
        return 0;
}

int bus_label_unescape(const char *s, char **ret) {
        _cleanup_free_ char *u = NULL;
        char *p;

        assert(s);
        assert(ret);

        p = u = malloc(strlen(s) + 1);
        if (!u)
                return -ENOMEM;

        if (!streq(s, "_"))
                for (; *s; s++) {
                        int high, low;

                        if (*s != '_') {
                                *p++ = *s;
                                continue;
                        }

                        high = from_hex(s[1]);
                        low = high < 0 ? high : from_hex(s[2]);
                        if (low < 0 || (high == 0 && low == 0))
                                return -EINVAL;

                        *p++ = (char) (high << 4 | low);
                        s += 2;
                }
        *p = 0;

        *ret = TAKE_PTR(u);
        return 0;
}
