/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>

#include "client/keys.h"

/* What a key sends together with control; that is what is left of its number. */
#define CONTROL(key) ((char) ((key) & 0x1f))

static bool is_printable(char key) {
        return key > ' ' && key < 0x7f;
}

/* One key of @n characters, or 0. */
static char parse_key(const char *s, size_t n) {
        const char *control = startswith(s, "ctrl-") ?: s[0] == '^' && n > 1 ? s + 1 : NULL;
        char key;

        if (!control)
                return n == 1 && is_printable(s[0]) ? s[0] : 0;

        if (control + 1 != s + n)
                return 0;

        /* Not ctrl-@: that sends a null byte. */
        key = (char) toupper((unsigned char) *control);
        return key > '@' && key <= '_' ? CONTROL(key) : 0;
}

int keys_parse(const char *s, char ret[static RELAY_KEYS_MAX + 1]) {
        char keys[RELAY_KEYS_MAX + 1] = {};
        size_t n, count = 0;

        assert(s);

        while (*s) {
                n = strcspn(s, ",");
                if (count >= RELAY_KEYS_MAX)
                        return -EINVAL;

                keys[count] = parse_key(s, n);
                if (!keys[count++])
                        return -EINVAL;

                s += n;
                if (*s == ',' && !*++s)
                        return -EINVAL;
        }

        memcpy(ret, keys, sizeof(keys));
        return 0;
}
