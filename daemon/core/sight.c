/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/sight.h"
#include "lib/base/clock.h"
#include "lib/base/envfile.h"

/* A guest's os-release may say anything, and we keep it of thousands. */
#define TEXT_MAX 128

#define ADDRESSES_KEPT_MAX 16

static void forget_os(Sight *s) {
        free(s->os_id);
        free(s->os_version);
        s->os_id = s->os_version = NULL;
        s->os_at = 0;
}

static void forget_addresses(Sight *s) {
        free(s->addresses);
        s->addresses = NULL;
        s->n_addresses = 0;
        s->addresses_at = 0;
        s->addresses_stay = false;
}

void sight_done(Sight *s) {
        assert(s);

        forget_os(s);
        forget_addresses(s);
}

static bool copy(char *const *pairs, const char *key, char **ret) {
        const char *value = pairs ? envfile_get(pairs, key) : NULL;

        if (!value)
                return true;
        if (strlen(value) > TEXT_MAX)
                return false;

        *ret = strdup(value);
        return *ret;
}

void sight_note_os(Sight *s, char *const *pairs) {
        assert(s);

        forget_os(s);
        if (copy(pairs, "ID", &s->os_id) && copy(pairs, "VERSION_ID", &s->os_version))
                s->os_at = clock_now_usec();
        else
                forget_os(s);
}

void sight_note_addresses(Sight *s, const NetlinkAddress *addresses, size_t n, bool stay) {
        assert(s);
        assert(addresses || n == 0);

        if (s->addresses_stay && !stay)
                return;

        forget_addresses(s);
        if (n > ADDRESSES_KEPT_MAX)
                return;

        if (n > 0) {
                s->addresses = calloc(n, sizeof(*addresses));
                if (!s->addresses)
                        return;
                memcpy(s->addresses, addresses, n * sizeof(*addresses));
        }
        s->n_addresses = n;
        s->addresses_at = clock_now_usec();
        s->addresses_stay = stay;
}

void sight_note_change(Sight *s) {
        assert(s);

        forget_addresses(s);
        s->n_changes++;
}

bool sight_is_old(const Sight *s) {
        return s->os_at == 0 || clock_now_usec() - s->os_at >= SIGHT_OLD_USEC;
}

bool sight_knows_os(const Sight *s) {
        return s->os_at > 0;
}

bool sight_knows_addresses(const Sight *s) {
        return s->addresses_at > 0 && (s->addresses_stay || clock_now_usec() - s->addresses_at < SIGHT_USEC);
}
