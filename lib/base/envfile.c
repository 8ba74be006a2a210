/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/envfile.h"
#include "lib/base/text.h"

/* Characters that a value may contain without quotes: systemd writes them so,
 * and consumers that do not unquote (sd-login) rely on it. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%,+="

/* Inside double quotes, these lose their meaning behind a backslash (sh). */
#define ESCAPED "\"\\$`"

static bool key_is_valid(const char *key, size_t n) {
        if (n == 0 || (key[0] >= '0' && key[0] <= '9'))
                return false;

        return strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") >= n;
}

/* Reads one value up to the end of its line, which quotes may contain. */
static const char *unquote(const char *p, char *value, bool *ret_ok) {
        char quote = 0, *v = value, *keep = value;

        for (; *p && (quote || *p != '\n'); p++) {
                if (quote == '\'' && *p != '\'')
                        *v++ = *p;
                else if (quote && *p == quote)
                        quote = 0;
                else if (!quote && (*p == '"' || *p == '\''))
                        quote = *p;
                else if (*p == '\\' && p[1]) {
                        p++;
                        if (quote && !strchr(ESCAPED, *p))
                                *v++ = '\\';
                        *v++ = *p;
                } else
                        *v++ = *p;

                /* Blanks at the end count only inside quotes. */
                if (quote || (*p != ' ' && *p != '\t' && *p != '\r'))
                        keep = v;
        }

        *keep = 0;
        *ret_ok = !quote;
        return p;
}

static int parse_line(const char **text, char ***pairs) {
        _cleanup_free_ char *value = NULL, *key = NULL;
        const char *p = *text, *end;
        size_t n;
        bool ok;
        int r;

        p += strspn(p, " \t\r");
        n = strcspn(p, "=\n");
        if (*p == '#' || *p == ';' || p[n] != '=') {
                end = p + strcspn(p, "\n");
                *text = *end ? end + 1 : end;
                return 0;
        }

        key = strndup(p, n);
        value = malloc(strlen(p + n) + 1);
        if (!key || !value)
                return -ENOMEM;

        end = p + n + 1;
        end = unquote(end + strspn(end, " \t"), value, &ok);
        *text = *end ? end + 1 : end;
        if (!ok || !key_is_valid(key, n) || !text_is_printable(value))
                return 0;

        r = strv_push(pairs, key);
        if (r < 0)
                return r;

        return strv_push(pairs, value);
}

int envfile_parse(const char *text, char ***ret) {
        _cleanup_(strv_freep) char **pairs = NULL;
        int r;

        assert(text);
        assert(ret);

        r = strv_copy(NULL, &pairs);
        if (r < 0)
                return r;

        while (*text) {
                r = parse_line(&text, &pairs);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(pairs);
        return 0;
}

const char *envfile_get(char *const *pairs, const char *key) {
        const char *value = NULL;

        for (; pairs && *pairs; pairs += 2)
                if (streq(pairs[0], key))
                        value = pairs[1];

        return value;
}

static int quote_value(const char *value, char **ret) {
        char *q, *p;

        p = q = malloc(strlen(value) * 2 + 3);
        if (!q)
                return -ENOMEM;

        *p++ = '"';
        for (; *value; value++) {
                if (strchr(ESCAPED, *value))
                        *p++ = '\\';
                *p++ = *value;
        }
        *p++ = '"';
        *p = 0;

        *ret = q;
        return 0;
}

int envfile_append(char **text, const char *key, const char *value) {
        _cleanup_free_ char *quoted = NULL;
        char *grown;
        int r;

        assert(text);
        assert(key);

        if (isempty(value))
                return 0;

        if (value[strspn(value, PLAIN)]) {
                r = quote_value(value, &quoted);
                if (r < 0)
                        return r;
        }

        r = text_printf(&grown, "%s%s=%s\n", *text ? *text : "", key, quoted ? quoted : value);
        if (r < 0)
                return r;

        free(*text);
        *text = grown;
        return 0;
}
