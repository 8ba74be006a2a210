/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/read.h"

static int find_word(const Word *words, const char *s) {
        for (; words->word; words++)
                if (streq(words->word, s))
                        return words->value;

        return -EINVAL;
}

int word_find(const Word *words, const char *s) {
        int r, yes;

        assert(words);
        assert(s);

        r = find_word(words, s);
        if (r >= 0)
                return r;

        yes = parse_boolean(s);
        return yes < 0 ? -EINVAL : find_word(words, yes ? "yes" : "no");
}

int spec_read_boolean(bool *to, const char *value) {
        int r;

        assert(to);

        r = value ? parse_boolean(value) : true;
        if (r < 0)
                return r;

        *to = r;
        return 0;
}

int spec_read_string(char **to, const char *value) {
        char *copy;

        assert(to);
        assert(value);

        if (!*value || !text_is_printable(value))
                return -EINVAL;

        copy = strdup(value);
        if (!copy)
                return -ENOMEM;

        free(*to);
        *to = copy;
        return 0;
}

int spec_read_path(const char *value, char **ret) {
        _cleanup_free_ char *here = NULL;

        assert(value);
        assert(ret);

        if (*value == '/')
                return text_printf(ret, "%s", value);

        here = getcwd(NULL, 0);
        return here ? text_printf(ret, "%s/%s", here, value) : -errno;
}

int spec_read_bits(const char *s, const char *separators, int (*find)(const char *name), uint64_t *ret) {
        _cleanup_(strv_freep) char **words = NULL;
        uint64_t bits = 0;
        int r;

        assert(s);
        assert(find);
        assert(ret);

        r = strv_split(s, separators, &words);
        if (r < 0)
                return r;
        if (strv_length(words) == 0)
                return -EINVAL;

        for (char **w = words; *w; w++) {
                r = find(*w);
                if (r < 0)
                        return r;

                bits |= UINT64_C(1) << r;
        }

        *ret = bits;
        return 0;
}

int spec_read_fields(const char *s, size_t max, char ***ret) {
        _cleanup_(strv_freep) char **fields = NULL;
        _cleanup_free_ char *field = calloc(1, strlen(s) + 1);
        size_t length = 0, n = 0;
        int r;

        assert(ret);

        if (!field)
                return -ENOMEM;

        for (;; s++) {
                if (*s && *s != ':') {
                        if (*s == '\\' && s[1])
                                s++;
                        field[length++] = *s;
                        continue;
                }

                field[length] = '\0';
                length = 0;
                r = ++n > max ? -EINVAL : strv_push(&fields, field);
                if (r < 0)
                        return r;
                if (!*s)
                        break;
        }

        *ret = TAKE_PTR(fields);
        return 0;
}
