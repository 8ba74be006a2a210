/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "lib/base/ifname.h"
#include "lib/base/siphash.h"

/* A machine's name and a prefix, longer than any: what is behind is cut off. */
#define FULL_NAME_SIZE 256

/* systemd-nspawn's keys: they make its addresses and names ours. */
static const uint8_t mac_keys[_MAC_KIND_MAX][16] = {
        [MAC_VETH_HOST]   = { 0x1a, 0x37, 0x6f, 0xc7, 0x46, 0xec, 0x45, 0x0b,
                              0xad, 0xa3, 0xd5, 0x31, 0x06, 0x60, 0x5d, 0xb1 },
        [MAC_VETH_GUEST]  = { 0xc3, 0xc4, 0xf9, 0x19, 0xb5, 0x57, 0xb2, 0x1c,
                              0xe6, 0xcf, 0x14, 0x27, 0x03, 0x9c, 0xee, 0xa2 },
        [MAC_EXTRA_HOST]  = { 0x48, 0xc7, 0xf6, 0xb7, 0xea, 0x9d, 0x4c, 0x9e,
                              0xb7, 0x28, 0xd4, 0xde, 0x91, 0xd5, 0xbf, 0x66 },
        [MAC_EXTRA_GUEST] = { 0xaf, 0x50, 0x17, 0x61, 0xce, 0xf9, 0x4d, 0x35,
                              0x84, 0x0d, 0x2b, 0x20, 0x54, 0xbe, 0xce, 0x59 },
        [MAC_MACVLAN]     = { 0x00, 0x13, 0x6d, 0xbc, 0x66, 0x83, 0x44, 0x81,
                              0xbb, 0x0c, 0xf9, 0x51, 0x1f, 0x24, 0xa6, 0x6f },
};

static const uint8_t name_key[16] = {
        0xe1, 0x90, 0xa4, 0x04, 0xa8, 0xef, 0x4b, 0x51, 0x8c, 0xcc, 0xc3, 0x3a, 0x9f, 0x11, 0xfc, 0xa2
};

Mac mac_derive(MacKind kind, Id128 host, const char *machine, uint64_t number) {
        uint8_t data[sizeof(host.bytes) + FULL_NAME_SIZE + sizeof(number)];
        size_t size = 0, length;
        uint64_t hash;
        Mac mac;

        assert(kind < _MAC_KIND_MAX);
        assert(machine);

        length = strnlen(machine, FULL_NAME_SIZE);

        memcpy(data, host.bytes, sizeof(host.bytes));
        size += sizeof(host.bytes);
        memcpy(data + size, machine, length);
        size += length;

        /* The first one has no number: it was there before there were more. */
        if (number > 0)
                for (size_t i = 0; i < sizeof(number); i++)
                        data[size++] = (uint8_t) (number >> (8 * i));

        hash = siphash24(data, size, mac_keys[kind]);
        for (size_t i = 0; i < sizeof(mac.bytes); i++)
                mac.bytes[i] = (uint8_t) (hash >> (8 * i));

        mac.bytes[0] = (mac.bytes[0] & 0xfe) | 0x02;
        return mac;
}

const char *mac_format(Mac mac, char buffer[static MAC_STRING_SIZE]) {
        const uint8_t *b = mac.bytes;

        (void) snprintf(buffer, MAC_STRING_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x",
                        b[0], b[1], b[2], b[3], b[4], b[5]);
        return buffer;
}

int ifname_derive(const char *prefix, const char *machine, char ret[static IFNAME_SIZE]) {
        static const char alphabet[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        char full[FULL_NAME_SIZE];
        uint64_t hash;
        size_t kept = IFNAME_SIZE - 1 - 4;

        assert(prefix);
        assert(machine);

        (void) snprintf(full, sizeof(full), "%s%s", prefix, machine);
        if (strlen(full) < IFNAME_SIZE) {
                strcpy(ret, full);
                return 0;
        }

        hash = siphash24(full, strlen(full), name_key);
        memcpy(ret, full, kept);
        for (int shift = 18; shift >= 0; shift -= 6)
                ret[kept++] = alphabet[(hash >> shift) & 63];
        ret[kept] = '\0';
        return 1;
}

bool ifname_is_valid(const char *name) {
        static const char *const reserved[] = { ".", "..", "all", "default" };
        bool numeric = true;

        if (isempty(name) || strnlen(name, IFNAME_SIZE) >= IFNAME_SIZE)
                return false;

        for (size_t i = 0; i < ELEMENTSOF(reserved); i++)
                if (streq(name, reserved[i]))
                        return false;

        for (const char *p = name; *p; p++) {
                if (*p <= ' ' || *p >= 127 || strchr("/:%", *p))
                        return false;
                if (*p < '0' || *p > '9')
                        numeric = false;
        }

        return !numeric;
}
