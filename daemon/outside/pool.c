/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/pool.h"
#include "lib/base/errors.h"
#include "lib/base/siphash.h"

static const uint8_t network_key[16] = {
        0x5b, 0x0e, 0x8d, 0x51, 0x2f, 0x36, 0x4a, 0x7c, 0x90, 0x0c, 0x63, 0xb1, 0xd8, 0x47, 0x1e, 0xa9
};

static const uint8_t pool6_key[16] = {
        0xd2, 0x71, 0x9a, 0x04, 0x38, 0xe5, 0x4f, 0xbb, 0xa6, 0x12, 0x05, 0x7f, 0xc3, 0x9e, 0x64, 0x20
};

/* One bit for each network of a pool. */
typedef struct Bitmap {
        uint8_t *bytes;
        uint32_t n;
} Bitmap;

InetRange pool_of_host(Id128 host) {
        InetRange pool = { .family = AF_INET6, .length = 48, .bytes = { 0xfd } };
        uint64_t hash;

        hash = siphash24(host.bytes, sizeof(host.bytes), pool6_key);
        for (size_t i = 1; i <= 5; i++, hash >>= 8)
                pool.bytes[i] = (uint8_t) hash;
        return pool;
}

static void bitmap_done(Bitmap *b) {
        free(b->bytes);
}

static void bitmap_set(Bitmap *b, uint32_t from, uint32_t to) {
        for (uint32_t i = from; i <= to && i < b->n; i++)
                b->bytes[i / 8] |= 1 << (i % 8);
}

static bool bitmap_get(const Bitmap *b, uint32_t i) {
        return b->bytes[i / 8] & (1 << (i % 8));
}

static void mark_used(Bitmap *b, const InetRange *pool, unsigned length, const InetRange *used) {
        InetRange net = inet_range_network(used);
        uint32_t first, n;

        if (!inet_range_overlaps(pool, &net))
                return;

        if (net.length <= pool->length) {
                bitmap_set(b, 0, b->n - 1);
                return;
        }

        /* A part of one network, or a run of whole ones. */
        first = inet_range_index(pool, length, &net);
        n = net.length < length ? inet_range_count(&net, length) : 1;
        if (first < b->n)
                bitmap_set(b, first, first + n - 1);
}

static int choose_in_pool(
                const char *machine,
                const InetRange *pool,
                unsigned length,
                const InetRange *used,
                size_t n_used,
                InetRange *ret) {

        _cleanup_(bitmap_done) Bitmap b = { .n = inet_range_count(pool, length) };
        uint32_t start;

        if (b.n == 0)
                return -E_NO_POOL_LEFT;

        b.bytes = calloc(b.n / 8 + 1, 1);
        if (!b.bytes)
                return -ENOMEM;

        for (size_t i = 0; i < n_used; i++)
                mark_used(&b, pool, length, &used[i]);

        start = (uint32_t) (siphash24(machine, strlen(machine), network_key) % b.n);
        for (uint32_t i = 0; i < b.n; i++) {
                uint32_t k = (start + i) % b.n;

                if (!bitmap_get(&b, k)) {
                        *ret = inet_range_nth(pool, length, k);
                        return 0;
                }
        }

        return -E_NO_POOL_LEFT;
}

int pool_choose(
                const char *machine,
                const ConfigPools *pools,
                unsigned length,
                const InetRange *used,
                size_t n_used,
                InetRange *ret) {

        int r = -E_NO_POOL_LEFT;

        assert(machine);
        assert(pools);
        assert(used || n_used == 0);
        assert(ret);

        for (size_t i = 0; i < pools->n && r == -E_NO_POOL_LEFT; i++)
                r = choose_in_pool(machine, &pools->pools[i], length, used, n_used, ret);

        return r;
}
