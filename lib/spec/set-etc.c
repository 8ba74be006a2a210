/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/read.h"
#include "lib/spec/setters.h"

static const Word source_words[] = {
        { "host", RESOLV_CONF_HOST },
        { "static", RESOLV_CONF_STATIC },
        { "uplink", RESOLV_CONF_UPLINK },
        { "stub", RESOLV_CONF_STUB },
        {},
};

/* Those that end in a dash have a file behind it. */
static const Word way_words[] = {
        { "off", RESOLV_CONF_OFF },
        { "copy-", RESOLV_CONF_COPY },
        { "replace-", RESOLV_CONF_REPLACE },
        { "bind-", RESOLV_CONF_BIND },
        { "delete", RESOLV_CONF_DELETE },
        { "auto", RESOLV_CONF_AUTO },
        {},
};

int set_resolv_conf(Spec *spec, const char *value) {
        for (const Word *way = way_words; way->word; way++) {
                const char *rest = startswith(value, way->word);
                int source = RESOLV_CONF_HOST;

                if (!rest)
                        continue;
                if (endswith(way->word, "-"))
                        source = word_find(source_words, rest);
                else if (*rest)
                        return -EINVAL;
                if (source < 0)
                        return source;

                spec->resolv_conf = (ResolvConf) way->value;
                spec->resolv_conf_source = (ResolvConfSource) source;
                return 0;
        }

        return -EINVAL;
}

void list_resolv_confs(FILE *f) {
        for (const Word *way = way_words; way->word; way++) {
                if (!endswith(way->word, "-")) {
                        (void) fprintf(f, "%s\n", way->word);
                        continue;
                }

                for (const Word *source = source_words; source->word; source++)
                        (void) fprintf(f, "%s%s\n", way->word, source->word);
        }
}
