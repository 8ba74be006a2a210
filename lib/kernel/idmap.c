/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "lib/kernel/idmap.h"

int idmap_to_host(const char *map, uint32_t id, uint32_t *ret) {
        const char *end;

        assert(map);
        assert(ret);

        for (; *map; map = end + 1) {
                uint32_t inside, outside, count;

                end = strchr(map, '\n');
                if (!end || sscanf(map, " %u %u %u", &inside, &outside, &count) != 3)
                        return -EINVAL;

                if (id >= inside && id - inside < count) {
                        *ret = outside + (id - inside);
                        return 0;
                }
        }

        return -ENXIO;
}
