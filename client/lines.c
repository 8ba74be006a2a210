/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/lines.h"
#include "lib/base/text.h"

/* Of a longer one, the pieces are lines. */
#define LINE_MAX_BYTES ((size_t) 64 * 1024)

struct Lines {
        bool tame;
        LinesPrint print;
        void *userdata;
        size_t n;
        char line[LINE_MAX_BYTES + 1];
};

int lines_new(bool tame, LinesPrint print, void *userdata, Lines **ret) {
        Lines *lines;

        assert(ret);

        lines = malloc(sizeof(*lines));
        if (!lines)
                return -ENOMEM;

        lines->tame = tame || print;
        lines->print = print;
        lines->userdata = userdata;
        lines->n = 0;
        *ret = lines;
        return 0;
}

Lines *lines_free(Lines *lines) {
        free(lines);
        return NULL;
}

#define ESCAPE '\033'
#define BELL '\a'

/* Where the sequence ends that begins at @p: see ECMA-48, 5.4 and 5.6. */
static const char *skip_sequence(const char *p) {
        p++;
        if (*p == '[') {
                for (p++; *p >= 0x20 && *p <= 0x3f; p++)
                        ;
                return *p >= 0x40 && *p <= 0x7e ? p + 1 : p;
        }

        if (*p && strchr("]PX^_", *p)) {
                for (; *p && *p != BELL; p++)
                        if (p[0] == ESCAPE && p[1] == '\\')
                                return p + 2;
                return *p ? p + 1 : p;
        }

        for (; *p >= 0x20 && *p <= 0x2f; p++)
                ;
        return *p >= 0x30 && *p <= 0x7e ? p + 1 : p;
}

char *line_tame(char *line) {
        const char *from;
        char *to = line;
        size_t n;

        assert(line);

        n = strlen(line);
        while (n > 0 && line[n - 1] == '\r')
                line[--n] = 0;

        for (from = line; *from;) {
                if (*from == ESCAPE) {
                        from = skip_sequence(from);
                        continue;
                }
                if (*from == '\r')
                        to = line;
                else
                        *to++ = *from == '\t' ? ' ' : *from;
                from++;
        }

        *to = 0;
        return text_strip_control(line);
}

static void flush_line(Lines *lines) {
        lines->line[lines->n] = 0;
        lines->n = 0;

        (void) line_tame(lines->line);
        if (lines->print)
                lines->print(lines->line, lines->userdata);
        else
                (void) puts(lines->line);
}

static void add(Lines *lines, char c) {
        if (c == '\n') {
                flush_line(lines);
                return;
        }

        /* Nothing that is a line's end to us only. */
        lines->line[lines->n++] = c ?: '?';
        if (lines->n == LINE_MAX_BYTES)
                flush_line(lines);
}

int lines_print(Lines *lines, const char *data, size_t size) {
        assert(lines);

        if (lines->tame)
                for (size_t i = 0; i < size; i++)
                        add(lines, data[i]);
        else
                (void) fwrite(data, 1, size, stdout);

        return fflush(stdout) < 0 || ferror(stdout) ? (errno == 0 ? -EIO : -errno) : 0;
}

void lines_finish(Lines *lines) {
        assert(lines);

        if (lines->n > 0)
                flush_line(lines);
        (void) fflush(stdout);
}
