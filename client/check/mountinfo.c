/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/check/mountinfo.h"
#include "lib/base/text.h"

/* Where the fields are: id, parent, device, root, point, options, and then tags up to a dash. */
#define FIELD_POINT 4
#define FIELD_OPTIONS 5
#define FIELD_TAGS 6

static bool is_octal(const char *s) {
        return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

/* Blanks and the like are \040. */
static void unescape(char *s) {
        char *to = s;

        while (*s)
                if (*s == '\\' && is_octal(s + 1)) {
                        *to++ = (char) ((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
                        s += 4;
                } else
                        *to++ = *s++;

        *to = '\0';
}

static void mount_done(Mount *m) {
        free(m->point);
        free(m->type);
        free(m->options);
        free(m->super_options);
        *m = (Mount) {};
}

/* Returns 1, or 0 if it is not such a line. */
static int parse_line(const char *line, Mount *ret) {
        _cleanup_(strv_freep) char **fields = NULL;
        size_t n, i;
        int r;

        r = strv_split(line, " ", &fields);
        if (r < 0)
                return r;

        n = strv_length(fields);
        for (i = FIELD_TAGS; i < n && !streq(fields[i], "-"); i++) {
                ret->shared = ret->shared || startswith(fields[i], "shared:");
                ret->slave = ret->slave || startswith(fields[i], "master:");
        }
        if (i + 3 >= n)
                return 0;

        unescape(fields[FIELD_POINT]);
        ret->point = TAKE_PTR(fields[FIELD_POINT]);
        ret->options = TAKE_PTR(fields[FIELD_OPTIONS]);
        ret->type = TAKE_PTR(fields[i + 1]);
        ret->super_options = TAKE_PTR(fields[i + 3]);

        /* The list ends at the first of those that were taken; the others are ours to free. */
        for (size_t k = FIELD_POINT; k < n; k++)
                free(TAKE_PTR(fields[k]));
        return 1;
}

int mounts_parse(const char *text, Mounts *ret) {
        _cleanup_(strv_freep) char **lines = NULL;
        _cleanup_(mounts_done) Mounts mounts = {};
        int r;

        assert(text);
        assert(ret);

        r = strv_split(text, "\n", &lines);
        if (r < 0)
                return r;

        mounts.list = calloc(strv_length(lines) + 1, sizeof(Mount));
        if (!mounts.list)
                return -ENOMEM;

        for (char **line = lines; line && *line; line++) {
                Mount m = {};

                r = parse_line(*line, &m);
                if (r < 0)
                        return r;
                if (r > 0)
                        mounts.list[mounts.n++] = m;
                else
                        mount_done(&m);
        }

        *ret = mounts;
        mounts = (Mounts) {};
        return 0;
}

void mounts_done(Mounts *mounts) {
        for (size_t i = 0; i < mounts->n; i++)
                mount_done(&mounts->list[i]);

        free(mounts->list);
        *mounts = (Mounts) {};
}

const Mount *mounts_find(const Mounts *mounts, const char *point) {
        for (size_t i = mounts->n; i > 0; i--)
                if (streq(mounts->list[i - 1].point, point))
                        return &mounts->list[i - 1];

        return NULL;
}

/* It is the first of the options. */
static bool begins_read_only(const char *options) {
        const char *rest = startswith(options, "ro");

        return rest && (*rest == '\0' || *rest == ',');
}

bool mount_is_read_only(const Mount *m) {
        return begins_read_only(m->options) || begins_read_only(m->super_options);
}
