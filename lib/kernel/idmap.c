/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "lib/kernel/idmap.h"

/* Linux takes no more lines. */
#define RANGES_MAX 340

static int add(IdMap *map, IdRange range) {
        IdRange *grown;

        /* The kernel's -1: it is mapped, but to none of our namespace. */
        if (range.outside == UINT32_MAX || range.count == 0)
                return 0;
        if (map->n_ranges >= RANGES_MAX || range.count - 1 > UINT32_MAX - range.inside ||
            range.count - 1 > UINT32_MAX - range.outside)
                return -EINVAL;

        grown = reallocarray(map->ranges, map->n_ranges + 1, sizeof(IdRange));
        if (!grown)
                return -ENOMEM;

        map->ranges = grown;
        map->ranges[map->n_ranges++] = range;
        return 0;
}

int idmap_parse(const char *text, IdMap *ret) {
        IdMap map = {};
        const char *end;

        assert(text);
        assert(ret);

        for (; *text; text = end + 1) {
                int r = -EINVAL;
                IdRange range;

                end = strchr(text, '\n');
                if (end && sscanf(text, " %u %u %u", &range.inside, &range.outside, &range.count) == 3)
                        r = add(&map, range);
                if (r < 0) {
                        idmap_done(&map);
                        return r;
                }
        }

        *ret = map;
        return 0;
}

void idmap_done(IdMap *map) {
        assert(map);

        free(map->ranges);
        *map = (IdMap) {};
}

bool idmap_is_identity(const IdMap *map) {
        for (size_t i = 0; i < map->n_ranges; i++)
                if (map->ranges[i].inside != map->ranges[i].outside)
                        return false;

        return map->n_ranges > 0;
}

bool idmap_equal(const IdMap *a, const IdMap *b) {
        return a->n_ranges == b->n_ranges &&
               (a->n_ranges == 0 || memcmp(a->ranges, b->ranges, a->n_ranges * sizeof(IdRange)) == 0);
}

int idmap_to_outside(const IdMap *map, uint32_t id, uint32_t *ret) {
        assert(map);
        assert(ret);

        for (size_t i = 0; i < map->n_ranges; i++) {
                const IdRange *range = &map->ranges[i];

                if (id >= range->inside && id - range->inside < range->count) {
                        *ret = range->outside + (id - range->inside);
                        return 0;
                }
        }

        return -ENXIO;
}

int idmap_to_host(const char *map, uint32_t id, uint32_t *ret) {
        IdMap parsed;
        int r;

        r = idmap_parse(map, &parsed);
        if (r < 0)
                return r;

        r = idmap_to_outside(&parsed, id, ret);
        idmap_done(&parsed);
        return r;
}
