/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <inttypes.h>

#include "lib/base/text.h"
#include "lib/spec/clocks.h"

#define NSEC_PER_SECOND 1000000000

/* The kernel's clocks stop at half of what 64 bits of nanoseconds hold. */
#define SECONDS_MAX UINT64_C(4611686018)

static const char *const clock_table[_SPEC_CLOCK_MAX] = {
        [SPEC_CLOCK_MONOTONIC] = "monotonic",
        [SPEC_CLOCK_BOOTTIME] = "boottime",
};

/* Digits only, and at least one. */
static int read_seconds(const char **p, uint64_t *ret) {
        uint64_t seconds = 0;

        if (!isdigit((unsigned char) **p))
                return -EINVAL;

        for (; isdigit((unsigned char) **p); (*p)++) {
                seconds = seconds * 10 + (uint64_t) (**p - '0');
                if (seconds > SECONDS_MAX)
                        return -ERANGE;
        }

        *ret = seconds;
        return 0;
}

static int read_fraction(const char *p, uint32_t *ret) {
        uint32_t nsec = 0;

        if (!*p) {
                *ret = 0;
                return 0;
        }
        if (*p++ != '.' || !*p)
                return -EINVAL;

        for (uint32_t unit = NSEC_PER_SECOND / 10; *p; p++, unit /= 10) {
                if (!isdigit((unsigned char) *p) || unit == 0)
                        return -EINVAL;

                nsec += (uint32_t) (*p - '0') * unit;
        }

        *ret = nsec;
        return 0;
}

static int parse_offset(const char *value, SpecTimeOffset *ret) {
        bool negative = *value == '-';
        uint64_t seconds;
        uint32_t nsec;
        int r;

        value += *value == '-' || *value == '+';
        r = read_seconds(&value, &seconds);
        if (r < 0)
                return r;

        r = read_fraction(value, &nsec);
        if (r < 0)
                return r;

        /* The kernel's nanoseconds are added, whatever the sign. */
        *ret = (SpecTimeOffset) { .set = true, .sec = (int64_t) seconds, .nsec = nsec };
        if (negative) {
                ret->sec = -ret->sec - (nsec > 0);
                ret->nsec = nsec > 0 ? NSEC_PER_SECOND - nsec : 0;
        }

        return 0;
}

int spec_set_time_offset(Spec *spec, const char *value) {
        const char *colon = strchr(value, ':');
        SpecTimeOffset offset;
        int r;

        assert(spec);
        assert(value);

        r = parse_offset(colon ? colon + 1 : value, &offset);
        if (r < 0)
                return r;

        r = colon ? -EINVAL : 0;
        for (SpecClock c = 0; c < _SPEC_CLOCK_MAX; c++) {
                const char *rest = startswith(value, clock_table[c]);

                if (colon && rest != colon)
                        continue;

                spec->time_offsets[c] = offset;
                r = 0;
        }

        return r;
}

void spec_describe_clocks(const Spec *spec, const char *separator, FILE *f) {
        const char *between = "";

        assert(spec);

        for (SpecClock c = 0; c < _SPEC_CLOCK_MAX; c++) {
                const SpecTimeOffset *offset = &spec->time_offsets[c];

                if (!offset->set)
                        continue;

                (void) fprintf(f, "%s%s %" PRIi64 " %" PRIu32, between, clock_table[c],
                               offset->sec, offset->nsec);
                between = separator;
        }
}
