/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <stdio.h>

#include "lib/base/inet.h"
#include "lib/base/text.h"

static unsigned bits(int family) {
        return inet_size(family) * 8;
}

static bool get_bit(const InetRange *r, unsigned i) {
        return r->bytes[i / 8] & (0x80 >> (i % 8));
}

static void set_bit(InetRange *r, unsigned i, bool value) {
        uint8_t mask = 0x80 >> (i % 8);

        r->bytes[i / 8] = value ? r->bytes[i / 8] | mask : r->bytes[i / 8] & ~mask;
}

int inet_address_parse(const char *s, InetRange *ret) {
        char text[INET6_ADDRSTRLEN];
        InetRange r = {};
        const char *slash;
        size_t n;
        int k;

        assert(s);
        assert(ret);

        slash = strchr(s, '/');
        if (!slash)
                return -EINVAL;

        n = (size_t) (slash - s);
        if (n >= sizeof(text))
                return -EINVAL;

        memcpy(text, s, n);
        text[n] = '\0';

        r.family = strchr(text, ':') ? AF_INET6 : AF_INET;
        if (inet_pton(r.family, text, r.bytes) != 1)
                return -EINVAL;

        k = parse_unsigned(slash + 1, bits(r.family), &r.length);
        if (k < 0)
                return -EINVAL;

        *ret = r;
        return 0;
}

int inet_range_parse(const char *s, InetRange *ret) {
        InetRange r, network;
        int k;

        k = inet_address_parse(s, &r);
        if (k < 0)
                return k;

        network = inet_range_network(&r);
        if (!inet_range_equal(&r, &network))
                return -EINVAL;

        *ret = r;
        return 0;
}

const char *inet_address_format(const InetRange *range, char buffer[static INET_STRING_SIZE]) {
        if (!inet_ntop(range->family, range->bytes, buffer, INET_STRING_SIZE))
                buffer[0] = '\0';
        return buffer;
}

const char *inet_range_format(const InetRange *range, char buffer[static INET_STRING_SIZE]) {
        char address[INET_STRING_SIZE];

        /* No address is that long: the precision tells the compiler. */
        (void) snprintf(buffer, INET_STRING_SIZE, "%.*s/%u", INET6_ADDRSTRLEN - 1,
                        inet_address_format(range, address), range->length % 1000);
        return buffer;
}

bool inet_range_equal(const InetRange *a, const InetRange *b) {
        return a->family == b->family && a->length == b->length &&
                memcmp(a->bytes, b->bytes, inet_size(a->family)) == 0;
}

bool inet_range_overlaps(const InetRange *a, const InetRange *b) {
        unsigned common = MIN(a->length, b->length);

        if (a->family != b->family)
                return false;

        if (memcmp(a->bytes, b->bytes, common / 8) != 0)
                return false;

        for (unsigned i = common / 8 * 8; i < common; i++)
                if (get_bit(a, i) != get_bit(b, i))
                        return false;

        return true;
}

InetRange inet_range_network(const InetRange *address) {
        InetRange r = *address;

        for (unsigned i = r.length; i < bits(r.family); i++)
                set_bit(&r, i, false);
        return r;
}

InetRange inet_range_host(const InetRange *network, uint8_t number) {
        InetRange r = inet_range_network(network);

        r.bytes[inet_size(r.family) - 1] |= number;
        return r;
}

uint32_t inet_range_count(const InetRange *pool, unsigned length) {
        assert(length <= bits(pool->family));

        if (length < pool->length)
                return 0;
        if (length - pool->length >= 20)
                return INET_COUNT_MAX;

        return UINT32_C(1) << (length - pool->length);
}

InetRange inet_range_nth(const InetRange *pool, unsigned length, uint32_t n) {
        InetRange r = inet_range_network(pool);

        assert(n < inet_range_count(pool, length));

        r.length = length;
        for (unsigned i = length; i > pool->length && n > 0; i--, n >>= 1)
                set_bit(&r, i - 1, n & 1);
        return r;
}

uint32_t inet_range_index(const InetRange *pool, unsigned length, const InetRange *address) {
        uint32_t n = 0;

        for (unsigned i = pool->length; i < length; i++) {
                /* More than the largest count: what follows cannot make it smaller. */
                if (n >= INET_COUNT_MAX)
                        return UINT32_MAX;
                n = n << 1 | get_bit(address, i);
        }

        return n;
}
