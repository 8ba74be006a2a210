/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/spec/property.h"

#define WEIGHT_MAX 10000

static int parse_text(const char *value, SpecProperty *p) {
        p->type = SPEC_TEXT;
        p->text = value;
        return *value ? 0 : -EINVAL;
}

static bool is_default(const char *value, SpecProperty *p) {
        p->number = UINT64_MAX;
        return isempty(value) || streq(value, "infinity");
}

/* "20%", or with decimals "12.5%", as what it is of a million. */
static int parse_percent(const char *value, unsigned max, uint64_t *ret) {
        size_t whole = strspn(value, "0123456789"), digits = 0;
        uint64_t n = 0;

        if (whole == 0 || whole > 9)
                return -EINVAL;

        for (size_t i = 0; i < whole; i++)
                n = n * 10 + (unsigned) (value[i] - '0');
        value += whole;

        if (*value == '.')
                for (value++; digits < 2 && *value >= '0' && *value <= '9'; value++, digits++)
                        n = n * 10 + (unsigned) (*value - '0');
        if (!streq(value, "%"))
                return -EINVAL;

        for (; digits < 4; digits++)
                n *= 10;
        if (n > (uint64_t) max * 10000)
                return -ERANGE;

        *ret = n;
        return 0;
}

/* Of what there is, without the product's leaving 64 bits. */
static uint64_t take_share(uint64_t whole, uint64_t millionths) {
        return whole / 1000000 * millionths + whole % 1000000 * millionths / 1000000;
}

static int read_maximum(const char *path, uint64_t *ret) {
        _cleanup_free_ char *text = NULL;
        uint64_t n;
        int r;

        r = file_read(path, 64, &text);
        if (r < 0)
                return r;

        text[strcspn(text, "\n")] = 0;
        r = parse_u64(text, UINT64_MAX, &n);
        if (r >= 0)
                *ret = MIN(*ret, n);
        return r;
}

static int parse_tasks(const char *value, SpecProperty *p) {
        uint64_t share, whole = UINT64_MAX;
        int r;

        if (is_default(value, p))
                return 0;
        if (!endswith(value, "%"))
                return parse_u64(value, UINT64_MAX - 1, &p->number);

        r = parse_percent(value, 100, &share);
        if (r >= 0)
                r = read_maximum("/proc/sys/kernel/pid_max", &whole);
        if (r >= 0)
                r = read_maximum("/proc/sys/kernel/threads-max", &whole);
        if (r >= 0)
                p->number = take_share(whole, share);
        return r;
}

static int parse_memory(const char *value, SpecProperty *p) {
        uint64_t share;
        int r;

        if (is_default(value, p))
                return 0;
        if (!endswith(value, "%"))
                return parse_size(value, &p->number);

        r = parse_percent(value, 100, &share);
        if (r >= 0)
                p->number = take_share((uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE),
                                       share);
        return r;
}

static int parse_weight(const char *value, SpecProperty *p) {
        int r;

        if (isempty(value)) {
                p->number = UINT64_MAX;
                return 0;
        }

        r = parse_u64(value, WEIGHT_MAX, &p->number);
        if (r < 0)
                return r;

        return p->number > 0 ? 0 : -EINVAL;
}

/* Percent of one processor, on the bus as microseconds per second. */
static int parse_quota(const char *value, SpecProperty *p) {
        int r;

        if (is_default(value, p))
                return isempty(value) ? 0 : -EINVAL;

        r = parse_percent(value, UINT32_MAX, &p->number);
        if (r < 0)
                return r;

        return p->number > 0 ? 0 : -EINVAL;
}

/* A number, or a range of them. */
static int parse_range(const char *word, SpecProperty *p) {
        _cleanup_free_ char *first = strndup(word, strcspn(word, "-"));
        const char *dash = strchr(word, '-');
        unsigned from, to;
        int r;

        if (!first)
                return -ENOMEM;

        r = parse_unsigned(first, SPEC_SET_MAX - 1, &from);
        if (r >= 0)
                r = parse_unsigned(dash ? dash + 1 : first, SPEC_SET_MAX - 1, &to);
        if (r < 0)
                return r;
        if (from > to)
                return -EINVAL;

        for (unsigned i = from; i <= to; i++)
                p->set[i / 8] |= (uint8_t) (1U << (i % 8));
        p->n_set = MAX(p->n_set, (size_t) to / 8 + 1);
        return 0;
}

static int parse_set(const char *value, SpecProperty *p) {
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        p->type = SPEC_SET;

        r = strv_split(value, " ,\t", &words);
        for (char **word = words; r >= 0 && word && *word; word++)
                r = parse_range(*word, p);

        return r;
}

/* Of a device, "PATH VALUE"; without any, of all of them nothing. */
static int split_device(const char *value, SpecProperty *p, const char **ret_value) {
        size_t n = strcspn(value, " \t");

        p->type = SPEC_DEVICE;
        if (isempty(value)) {
                *ret_value = NULL;
                return 0;
        }
        if (value[0] != '/' || n >= sizeof(p->device))
                return -EINVAL;

        memcpy(p->device, value, n);
        *ret_value = value + n + strspn(value + n, " \t");
        return isempty(*ret_value) ? -EINVAL : 0;
}

static int parse_device_weight(const char *value, SpecProperty *p) {
        const char *weight;
        int r;

        r = split_device(value, p, &weight);
        return r < 0 || !weight ? r : parse_weight(weight, p);
}

/* What passes by is counted in thousands, unlike what lies there. */
static int parse_device_rate(const char *value, SpecProperty *p) {
        static const char suffixes[] = "KMGT";
        _cleanup_free_ char *digits = NULL;
        const char *rate, *suffix;
        uint64_t factor = 1;
        int r;

        r = split_device(value, p, &rate);
        if (r < 0 || !rate || is_default(rate, p))
                return r;

        digits = strndup(rate, strspn(rate, "0123456789"));
        if (!digits)
                return -ENOMEM;

        suffix = rate + strlen(digits);
        if (*suffix) {
                const char *found = suffix[1] ? NULL : strchr(suffixes, *suffix);

                if (!found)
                        return -EINVAL;
                for (const char *s = suffixes; s <= found; s++)
                        factor *= 1000;
        }

        r = parse_u64(digits, UINT64_MAX / factor, &p->number);
        p->number *= factor;
        return r;
}

static int parse_device_latency(const char *value, SpecProperty *p) {
        static const struct {
                const char *suffix;
                uint64_t usec;
        } units[] = {
                { "us", 1 },
                { "ms", USEC_PER_MSEC },
                { "s", USEC_PER_SEC },
                { "", USEC_PER_SEC },
        };
        _cleanup_free_ char *digits = NULL;
        const char *latency;
        int r;

        r = split_device(value, p, &latency);
        if (r < 0 || !latency)
                return r;

        digits = strndup(latency, strspn(latency, "0123456789"));
        if (!digits)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                if (!streq(latency + strlen(digits), units[i].suffix))
                        continue;

                r = parse_u64(digits, UINT64_MAX / units[i].usec, &p->number);
                p->number *= units[i].usec;
                return r;
        }

        return -EINVAL;
}

static const struct {
        const char *name, *bus_name;
        int (*parse)(const char *value, SpecProperty *p);
} property_table[] = {
        { "AllowedCPUs", "AllowedCPUs", parse_set },
        { "AllowedMemoryNodes", "AllowedMemoryNodes", parse_set },
        { "CPUQuota", "CPUQuotaPerSecUSec", parse_quota },
        { "CPUWeight", "CPUWeight", parse_weight },
        { "Description", "Description", parse_text },
        { "IODeviceLatencyTargetSec", "IODeviceLatencyTargetUSec", parse_device_latency },
        { "IODeviceWeight", "IODeviceWeight", parse_device_weight },
        { "IOReadBandwidthMax", "IOReadBandwidthMax", parse_device_rate },
        { "IOReadIOPSMax", "IOReadIOPSMax", parse_device_rate },
        { "IOWeight", "IOWeight", parse_weight },
        { "IOWriteBandwidthMax", "IOWriteBandwidthMax", parse_device_rate },
        { "IOWriteIOPSMax", "IOWriteIOPSMax", parse_device_rate },
        { "MemoryHigh", "MemoryHigh", parse_memory },
        { "MemoryLow", "MemoryLow", parse_memory },
        { "MemoryMax", "MemoryMax", parse_memory },
        { "MemoryMin", "MemoryMin", parse_memory },
        { "MemorySwapMax", "MemorySwapMax", parse_memory },
        { "MemoryZSwapMax", "MemoryZSwapMax", parse_memory },
        { "TasksMax", "TasksMax", parse_tasks },
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
                SpecProperty p = { .name = property_table[i].bus_name, .type = SPEC_NUMBER };

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

const char *spec_property_name(size_t i) {
        return i < ELEMENTSOF(property_table) ? property_table[i].name : NULL;
}
