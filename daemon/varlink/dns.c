/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/dns.h"

/* RFC 1035, 2.3.4. */
#define LABEL_MAX 63
#define NAME_SIZE_MAX 255

/* Type, class, time to live and length, behind the name. */
#define HEADER_SIZE 10
#define ADDRESS_SIZE_MAX 16

typedef struct Wire {
        uint8_t bytes[NAME_SIZE_MAX + HEADER_SIZE + ADDRESS_SIZE_MAX];
        size_t size;
} Wire;

void dns_name_strip_root(char *name) {
        size_t n = strlen(name);

        if (n > 1 && name[n - 1] == '.')
                name[n - 1] = 0;
}

static void put16(Wire *w, uint16_t value) {
        w->bytes[w->size++] = (uint8_t) (value >> 8);
        w->bytes[w->size++] = (uint8_t) value;
}

static void put_bytes(Wire *w, const void *bytes, size_t size) {
        memcpy(w->bytes + w->size, bytes, size);
        w->size += size;
}

static int put_name(Wire *w, const char *name) {
        for (const char *label = name;; label++) {
                size_t n = strcspn(label, ".");

                if (n == 0 || n > LABEL_MAX || w->size + 1 + n + 1 > NAME_SIZE_MAX)
                        return -EINVAL;

                w->bytes[w->size++] = (uint8_t) n;
                put_bytes(w, label, n);
                label += n;
                if (!*label)
                        break;
        }

        w->bytes[w->size++] = 0;
        return 0;
}

bool dns_name_is_valid(const char *name) {
        Wire w = {};

        return put_name(&w, name) >= 0;
}

static char *to_base64(const uint8_t *bytes, size_t size) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char *text, *p;

        text = p = malloc((size + 2) / 3 * 4 + 1);
        if (!text)
                return NULL;

        for (size_t i = 0; i < size; i += 3) {
                uint32_t group = (uint32_t) bytes[i] << 16;

                if (i + 1 < size)
                        group |= (uint32_t) bytes[i + 1] << 8;
                if (i + 2 < size)
                        group |= bytes[i + 2];

                *p++ = digits[group >> 18];
                *p++ = digits[group >> 12 & 63];
                *p++ = i + 1 < size ? digits[group >> 6 & 63] : '=';
                *p++ = i + 2 < size ? digits[group & 63] : '=';
        }

        *p = 0;
        return text;
}

int dns_record_encode(const char *name, uint16_t type, const uint8_t *address, size_t size, char **ret) {
        Wire w = {};
        int r;

        assert(name);
        assert(size <= ADDRESS_SIZE_MAX);
        assert(ret);

        r = put_name(&w, name);
        if (r < 0)
                return r;

        put16(&w, type);
        put16(&w, DNS_CLASS_IN);
        put16(&w, 0);           /* time to live, its two halves */
        put16(&w, 0);
        put16(&w, (uint16_t) size);
        put_bytes(&w, address, size);

        *ret = to_base64(w.bytes, w.size);
        return *ret ? 0 : -ENOMEM;
}
