/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/property.h"

#define WEIGHT_MAX 10000

static int parse_text(const char *value, SpecProperty *p) {
        p->type = 's';
        p->text = value;
        return *value ? 0 : -EINVAL;
}

static int parse_limit(const char *value, SpecProperty *p) {
        if (streq(value, "infinity")) {
                p->number = UINT64_MAX;
                return 0;
        }

        return parse_u64(value, UINT64_MAX - 1, &p->number);
}

static int parse_bytes(const char *value, SpecProperty *p) {
        if (streq(value, "infinity")) {
                p->number = UINT64_MAX;
                return 0;
        }

        return parse_size(value, &p->number);
}

static int parse_weight(const char *value, SpecProperty *p) {
        int r;

        r = parse_u64(value, WEIGHT_MAX, &p->number);
        if (r < 0)
                return r;

        return p->number > 0 ? 0 : -EINVAL;
}

/* Percent of one processor, on the bus as microseconds per second. */
static int parse_quota(const char *value, SpecProperty *p) {
        _cleanup_free_ char *digits = NULL;
        int r;

        if (!endswith(value, "%"))
                return -EINVAL;

        digits = strndup(value, strlen(value) - 1);
        if (!digits)
                return -ENOMEM;

        r = parse_u64(digits, UINT32_MAX, &p->number);
        if (r < 0)
                return r;

        p->number *= USEC_PER_SEC / 100;
        return p->number > 0 ? 0 : -EINVAL;
}

static const struct {
        const char *name, *bus_name;
        int (*parse)(const char *value, SpecProperty *p);
} property_table[] = {
        { "Description", "Description", parse_text },
        { "TasksMax", "TasksMax", parse_limit },
        { "MemoryMin", "MemoryMin", parse_bytes },
        { "MemoryLow", "MemoryLow", parse_bytes },
        { "MemoryHigh", "MemoryHigh", parse_bytes },
        { "MemoryMax", "MemoryMax", parse_bytes },
        { "MemorySwapMax", "MemorySwapMax", parse_bytes },
        { "CPUWeight", "CPUWeight", parse_weight },
        { "CPUQuota", "CPUQuotaPerSecUSec", parse_quota },
        { "IOWeight", "IOWeight", parse_weight },
};

int spec_property_parse(const char *assignment, SpecProperty *ret) {
        size_t n;
        int r;

        assert(assignment);
        assert(ret);

        n = strcspn(assignment, "=");
        if (assignment[n] != '=')
                return -EINVAL;

        for (size_t i = 0; i < ELEMENTSOF(property_table); i++) {
                SpecProperty p = { .name = property_table[i].bus_name, .type = 't' };

                if (strlen(property_table[i].name) != n)
                        continue;
                if (strncmp(property_table[i].name, assignment, n) != 0)
                        continue;

                r = property_table[i].parse(assignment + n + 1, &p);
                if (r < 0)
                        return r;

                *ret = p;
                return 0;
        }

        return -EOPNOTSUPP;
}
