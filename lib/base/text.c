/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "lib/base/text.h"

int parse_u64(const char *s, uint64_t max, uint64_t *ret) {
        uint64_t n = 0;

        assert(s);
        assert(ret);

        if (!*s)
                return -EINVAL;

        for (; *s; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(n, (uint64_t) 10, &n) ||
                    __builtin_add_overflow(n, (uint64_t) (*s - '0'), &n))
                        return -ERANGE;
        }

        if (n > max)
                return -ERANGE;

        *ret = n;
        return 0;
}

int parse_unsigned(const char *s, unsigned max, unsigned *ret) {
        uint64_t n;
        int r;

        r = parse_u64(s, max, &n);
        if (r < 0)
                return r;

        *ret = (unsigned) n;
        return 0;
}

int parse_pid(const char *s, pid_t *ret) {
        uint64_t n;
        int r;

        r = parse_u64(s, INT_MAX, &n);
        if (r < 0)
                return r;
        if (n == 0)
                return -EINVAL;

        *ret = (pid_t) n;
        return 0;
}

int parse_boolean(const char *s) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

        assert(s);

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                if (strcasecmp(s, yes[i]) == 0)
                        return 1;

        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                if (strcasecmp(s, no[i]) == 0)
                        return 0;

        return -EINVAL;
}

int parse_size(const char *s, uint64_t *ret) {
        static const char suffixes[] = "KMGTPE";
        char digits[32];
        const char *suffix;
        uint64_t n;
        size_t k;
        int r;

        assert(s);

        k = strspn(s, "0123456789");
        if (k == 0 || k >= sizeof(digits) || (s[k] && s[k + 1]))
                return -EINVAL;

        memcpy(digits, s, k);
        digits[k] = 0;

        r = parse_u64(digits, UINT64_MAX, &n);
        if (r < 0)
                return r;

        if (s[k]) {
                suffix = strchr(suffixes, s[k]);
                if (!suffix)
                        return -EINVAL;

                if (__builtin_mul_overflow(n, UINT64_C(1) << (10 * (suffix - suffixes + 1)), &n))
                        return -ERANGE;
        }

        *ret = n;
        return 0;
}

int text_printf(char **ret, const char *format, ...) {
        va_list ap;
        char *s;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;

        *ret = s;
        return 0;
}

/* Length of the UTF-8 sequence at @s, or 0 if there is none: overlong forms,
 * surrogates and what lies beyond U+10FFFF are not UTF-8 (RFC 3629, 4). */
static size_t utf8_length(const unsigned char *s) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t c;
        size_t n;

        if (s[0] < 0x80)
                return 1;
        if ((s[0] & 0xe0) == 0xc0)
                n = 2;
        else if ((s[0] & 0xf0) == 0xe0)
                n = 3;
        else if ((s[0] & 0xf8) == 0xf0)
                n = 4;
        else
                return 0;

        c = s[0] & (0x7f >> n);
        for (size_t i = 1; i < n; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 0x3f);
        }

        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;

        return n;
}

/* Length of the printable character at @s, or 0: C0, DEL and C1 (which are
 * U+0080 to U+009F) steer a terminal. */
static size_t printable_length(const unsigned char *s) {
        size_t n = utf8_length(s);

        if (n == 1 && (s[0] < 0x20 || s[0] == 0x7f))
                return 0;
        if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0)
                return 0;

        return n;
}

bool text_is_printable(const char *s) {
        const unsigned char *p = (const unsigned char *) s;
        size_t n;

        assert(s);

        for (; *p; p += n) {
                n = printable_length(p);
                if (n == 0)
                        return false;
        }

        return true;
}

char *text_strip_control(char *s) {
        unsigned char *p = (unsigned char *) s;
        size_t n;

        assert(s);

        while (*p) {
                n = printable_length(p);
                if (n == 0) {
                        *p = '?';
                        n = 1;
                }
                p += n;
        }

        return s;
}

static bool is_name_character(char c, bool first) {
        return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (!first && c >= '0' && c <= '9');
}

bool path_is_normalized(const char *path) {
        assert(path);

        if (path[0] != '/')
                return false;
        if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
                return false;

        return !endswith(path, "/.") && !endswith(path, "/..");
}

bool environment_name_is_valid(const char *s, size_t size) {
        assert(s);

        for (size_t i = 0; i < size; i++)
                if (!is_name_character(s[i], i == 0))
                        return false;

        return size > 0;
}

bool environment_assignment_is_valid(const char *s) {
        const unsigned char *p;
        size_t n;

        assert(s);

        n = strcspn(s, "=");
        if (!s[n] || !environment_name_is_valid(s, n))
                return false;

        for (p = (const unsigned char *) s + n + 1; *p; p += n) {
                n = *p == '\n' || *p == '\t' ? 1 : printable_length(p);
                if (n == 0)
                        return false;
        }

        return true;
}

char **strv_free(char **l) {
        for (char **i = l; i && *i; i++)
                free(*i);

        free(l);
        return NULL;
}

size_t strv_length(char *const *l) {
        size_t n = 0;

        while (l && l[n])
                n++;

        return n;
}

bool strv_contains(char *const *l, const char *s) {
        for (; l && *l; l++)
                if (streq(*l, s))
                        return true;

        return false;
}

/* Takes over @s, also on failure. */
static int strv_consume(char ***l, char *s) {
        size_t n = strv_length(*l);
        char **grown;

        if (!s)
                return -ENOMEM;

        grown = reallocarray(*l, n + 2, sizeof(char *));
        if (!grown) {
                free(s);
                return -ENOMEM;
        }

        grown[n] = s;
        grown[n + 1] = NULL;
        *l = grown;
        return 0;
}

int strv_push(char ***l, const char *s) {
        assert(l);
        assert(s);

        return strv_consume(l, strdup(s));
}

int strv_pushf(char ***l, const char *format, ...) {
        va_list ap;
        char *s;
        int n;

        assert(l);

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;

        return strv_consume(l, s);
}

int strv_split(const char *s, const char *separators, char ***ret) {
        _cleanup_(strv_freep) char **l = NULL;
        size_t n;
        int r;

        assert(s);
        assert(ret);

        l = calloc(1, sizeof(char *));
        if (!l)
                return -ENOMEM;

        for (;; s += n) {
                s += strspn(s, separators);
                n = strcspn(s, separators);
                if (n == 0)
                        break;

                r = strv_consume(&l, strndup(s, n));
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(l);
        return 0;
}

int strv_copy(char *const *l, char ***ret) {
        _cleanup_(strv_freep) char **copy = NULL;
        int r;

        copy = calloc(1, sizeof(char *));
        if (!copy)
                return -ENOMEM;

        for (; l && *l; l++) {
                r = strv_push(&copy, *l);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(copy);
        return 0;
}

int strv_join(char *const *l, const char *separator, char **ret) {
        size_t size = 1;
        char *s, *p;

        assert(separator);
        assert(ret);

        for (char *const *i = l; i && *i; i++)
                size += strlen(*i) + strlen(separator);

        s = p = malloc(size);
        if (!s)
                return -ENOMEM;

        *p = 0;
        for (char *const *i = l; i && *i; i++) {
                if (i != l)
                        p = stpcpy(p, separator);
                p = stpcpy(p, *i);
        }

        *ret = s;
        return 0;
}
