/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/setters.h"

int set_timezone(Spec *spec, const char *value) {
        static const char *const words[] = {
                [TIMEZONE_AUTO] = "auto",
                [TIMEZONE_OFF] = "off",
                [TIMEZONE_COPY] = "copy",
                [TIMEZONE_BIND] = "bind",
                [TIMEZONE_SYMLINK] = "symlink",
                [TIMEZONE_DELETE] = "delete",
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(words[i], value)) {
                        spec->timezone = (Timezone) i;
                        return 0;
                }

        return -EINVAL;
}

static int find_source(const char *word) {
        static const char *const words[_RESOLV_CONF_SOURCE_MAX] = {
                [RESOLV_CONF_HOST] = "host",
                [RESOLV_CONF_STATIC] = "static",
                [RESOLV_CONF_UPLINK] = "uplink",
                [RESOLV_CONF_STUB] = "stub",
        };

        for (int i = 0; i < _RESOLV_CONF_SOURCE_MAX; i++)
                if (streq(words[i], word))
                        return i;

        return -EINVAL;
}

/* A way alone, or a way and a file. */
int set_resolv_conf(Spec *spec, const char *value) {
        static const struct {
                const char *word;
                ResolvConf mode;
        } ways[] = {
                { "auto", RESOLV_CONF_AUTO },
                { "off", RESOLV_CONF_OFF },
                { "delete", RESOLV_CONF_DELETE },
                { "copy-", RESOLV_CONF_COPY },
                { "replace-", RESOLV_CONF_REPLACE },
                { "bind-", RESOLV_CONF_BIND },
        };

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                const char *rest = startswith(value, ways[i].word);
                int source = RESOLV_CONF_HOST;

                if (!rest)
                        continue;
                if (endswith(ways[i].word, "-"))
                        source = find_source(rest);
                else if (*rest)
                        return -EINVAL;
                if (source < 0)
                        return source;

                spec->resolv_conf = ways[i].mode;
                spec->resolv_conf_source = (ResolvConfSource) source;
                return 0;
        }

        return -EINVAL;
}
