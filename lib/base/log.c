/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static int max_level = LOG_INFO;
static bool to_journal = false;

static const char *const level_table[] = {
        [LOG_EMERG] = "emerg",
        [LOG_ALERT] = "alert",
        [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",
        [LOG_WARNING] = "warning",
        [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",
        [LOG_DEBUG] = "debug",
};

void log_set_level(int level) {
        max_level = level;
}

int log_get_level(void) {
        return max_level;
}

/* JOURNAL_STREAM names the socket that a service's output goes to; whoever has
 * redirected it elsewhere since must not get the priority prefix. See
 * systemd.exec(5). */
static bool stderr_is_journal(void) {
        const char *e = getenv("JOURNAL_STREAM");
        unsigned long long dev, ino;
        struct stat st;

        if (!e || sscanf(e, "%llu:%llu", &dev, &ino) != 2)
                return false;

        return fstat(STDERR_FILENO, &st) >= 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_setup(void) {
        const char *e = getenv("BERTH_LOG_LEVEL");
        int r;

        to_journal = stderr_is_journal();
        if (!e)
                return;

        r = log_level_from_string(e);
        if (r < 0) {
                (void) log_warning(r, "Ignoring BERTH_LOG_LEVEL='%s'", e);
                return;
        }

        max_level = r;
}

/* Names of a guest's making are in it. What ends in a carriage return is for a raw terminal. */
static void make_showable(char *text) {
        size_t n = strlen(text);
        bool raw = n > 0 && text[n - 1] == '\r';

        (void) text_strip_control(text);
        if (raw)
                text[n - 1] = '\r';
}

int log_full(int level, int error, const char *format, ...) {
        char text[2048], prefix[8] = "";
        va_list ap;

        error = error < 0 ? error : -error;
        if (level > max_level)
                return error;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        make_showable(text);

        if (to_journal)
                (void) snprintf(prefix, sizeof(prefix), "<%i>", level);

        if (error != 0)
                (void) dprintf(STDERR_FILENO, "%s%s: %s\n", prefix, text, error_text(error));
        else
                (void) dprintf(STDERR_FILENO, "%s%s\n", prefix, text);

        return error;
}

const char *log_level_to_string(int level) {
        if (level < 0 || (size_t) level >= ELEMENTSOF(level_table))
                return NULL;

        return level_table[level];
}

int log_level_from_string(const char *s) {
        unsigned n;

        for (size_t i = 0; i < ELEMENTSOF(level_table); i++)
                if (streq(s, level_table[i]))
                        return (int) i;

        if (parse_unsigned(s, LOG_DEBUG, &n) < 0)
                return -EINVAL;

        return (int) n;
}
