/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ini.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/spec/config.h"

#define CONFIG_SIZE_MAX (64U * 1024)

/* Other private ranges are more popular, with home routers, Docker and Podman. */
static const char *const default_pools4[] = { "10.180.0.0/14", "172.24.0.0/14" };

/* A pool may be cut into as many networks as inet_range_count() counts. */
#define POOL4_LENGTH_MIN (CONFIG_LENGTH4 - 20)
#define POOL6_LENGTH_MIN (CONFIG_LENGTH6 - 20)

/* What is nobody's own: the host itself, the link, groups, what is reserved. */
static const char *const unusable[] = {
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8",
};

typedef struct Key {
        const char *section;
        const char *name;
        const char *(*read)(Config *c, const char *value);      /* returns what is wrong, or NULL */
} Key;

typedef struct Reader {
        const char *text;
        unsigned line;
        Config config;
        uint32_t seen;          /* keys, by their place in the table */
        ConfigError error;      /* the first one */
} Reader;

static void reader_fail(Reader *r, const char *reason) {
        if (r->error.reason)
                return;

        r->error = (ConfigError) { .line = r->line, .reason = reason };
}

static const char *read_boolean(const char *value, bool *ret) {
        int k;

        k = parse_boolean(value);
        if (k < 0)
                return "neither yes nor no";

        *ret = k;
        return NULL;
}

static bool is_usable(const InetRange *pool) {
        for (size_t i = 0; i < ELEMENTSOF(unusable); i++) {
                InetRange r;

                if (inet_range_parse(unusable[i], &r) >= 0 && inet_range_overlaps(&r, pool))
                        return false;
        }

        return true;
}

static const char *add_pool(ConfigPools *p, int family, const char *word) {
        unsigned min = family == AF_INET ? POOL4_LENGTH_MIN : POOL6_LENGTH_MIN;
        unsigned max = family == AF_INET ? CONFIG_LENGTH4 : CONFIG_LENGTH6;
        InetRange pool;

        if (inet_range_parse(word, &pool) < 0)
                return "not a network such as 10.180.0.0/14 or fd12:3456:789a::/48";
        if (pool.family != family)
                return "a network of the other family";
        if (pool.length < min)
                return "too large for a pool";
        if (pool.length > max)
                return "too small for a pool";
        if (!is_usable(&pool))
                return "not a network that machines can have";
        if (p->n >= CONFIG_POOLS_MAX)
                return "too many pools";

        p->pools[p->n++] = pool;
        return NULL;
}

static const char *read_pools(const char *value, int family, ConfigPools *ret) {
        _cleanup_(strv_freep) char **words = NULL;
        ConfigPools p = {};

        if (strv_split(value, " \t", &words) < 0)
                return "out of memory";

        if (!streq(value, "none"))
                for (char **w = words; w && *w; w++) {
                        const char *reason = add_pool(&p, family, *w);

                        if (reason)
                                return reason;
                }

        *ret = p;
        return NULL;
}

static const char *read_wire(Config *c, const char *value) {
        return read_boolean(value, &c->wire);
}

static const char *read_masquerade(Config *c, const char *value) {
        return read_boolean(value, &c->masquerade);
}

static const char *read_pool4(Config *c, const char *value) {
        return read_pools(value, AF_INET, &c->four);
}

static const char *read_pool6(Config *c, const char *value) {
        const char *reason;

        reason = read_pools(value, AF_INET6, &c->six);
        if (!reason)
                c->six_from_host = false;
        return reason;
}

static const char *read_journal_link(Config *c, const char *value) {
        return read_boolean(value, &c->journal_link);
}

static const Key keys[] = {
        { "Network",    "Wire",         read_wire },
        { "Network",    "Pool4",        read_pool4 },
        { "Network",    "Pool6",        read_pool6 },
        { "Network",    "Masquerade",   read_masquerade },
        { "Journal",    "Link",         read_journal_link },
};

void config_init(Config *c) {
        *c = (Config) { .wire = true, .masquerade = true, .six_from_host = true, .journal_link = true };

        for (size_t i = 0; i < ELEMENTSOF(default_pools4); i++)
                (void) add_pool(&c->four, AF_INET, default_pools4[i]);
}

/* Hands out one line, like fgets(). The library would cut a long line into two. */
static char *next_line(char *buffer, int size, void *userdata) {
        Reader *r = userdata;
        size_t n;

        if (!*r->text)
                return NULL;

        r->line++;
        n = strcspn(r->text, "\n");
        if (n >= (size_t) size) {
                reader_fail(r, "line too long");
                n = 0;
                buffer[0] = '\0';
        } else {
                memcpy(buffer, r->text, n);
                buffer[n] = '\0';
        }

        r->text = strchrnul(r->text, '\n');
        if (*r->text)
                r->text++;
        return buffer;
}

static const char *read_key(Reader *r, const char *section, const char *name, const char *value) {
        bool section_known = false;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                if (!streq(section, keys[i].section))
                        continue;
                section_known = true;

                if (!streq(name, keys[i].name))
                        continue;
                if (r->seen & UINT32_C(1) << i)
                        return "given twice";

                r->seen |= UINT32_C(1) << i;
                return isempty(value) ? "no value" : keys[i].read(&r->config, value);
        }

        return section_known ? "unknown key" : "unknown section";
}

static int on_key(void *userdata, const char *section, const char *name, const char *value) {
        Reader *r = userdata;
        const char *reason;

        reason = read_key(r, section, name, value);
        if (reason)
                reader_fail(r, reason);

        /* The library's 0 is failure. */
        return !reason;
}

int config_parse(const char *text, Config *ret, ConfigError *reterr) {
        Reader r = { .text = text };
        int line;

        assert(text);
        assert(ret);

        config_init(&r.config);

        line = ini_parse_stream(next_line, &r, on_key, &r);
        if (line < 0)
                return -ENOMEM;

        /* The library reports the first line of all that it or we did not like. */
        if (line > 0 && (!r.error.reason || (unsigned) line < r.error.line))
                r.error = (ConfigError) {
                        .line = (unsigned) line,
                        .reason = "neither [Section] nor Key=value",
                };

        if (r.error.reason) {
                if (reterr)
                        *reterr = r.error;
                return -EINVAL;
        }

        *ret = r.config;
        return 0;
}

int config_load(const char *path, Config *ret, ConfigError *reterr) {
        _cleanup_free_ char *text = NULL;
        int r;

        assert(path);
        assert(ret);

        r = file_read(path, CONFIG_SIZE_MAX, &text);
        if (r == -ENOENT) {
                config_init(ret);
                return 0;
        }
        if (r < 0) {
                if (reterr)
                        *reterr = (ConfigError) { .reason = "cannot be read" };
                return r;
        }

        return config_parse(text, ret, reterr);
}
