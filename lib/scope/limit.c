/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/scope/limit.h"

#define QUOTA_PERIOD_USEC (100 * USEC_PER_MSEC)

typedef struct Limit Limit;

struct Limit {
        const char *name;
        const char *signature;          /* "t", "ay" or "a(st)" */
        const char *controller, *attribute;
        int (*format)(const Limit *limit, const Value *v, char ***values);
        const char *key;                /* in the attribute, of a device */
};

static int format_number(_unused_ const Limit *limit, const Value *v, char ***values) {
        if (v->number == UINT64_MAX)
                return strv_push(values, "max");

        return strv_pushf(values, "%llu", (unsigned long long) v->number);
}

/* That there is none is the kernel's own one. */
static int format_weight(_unused_ const Limit *limit, const Value *v, char ***values) {
        return strv_pushf(values, "%llu", v->number == UINT64_MAX ? 100ULL : (unsigned long long) v->number);
}

/* In microseconds per second, of which the kernel wants those of a period. */
static int format_quota(const Limit *limit, const Value *v, char ***values) {
        uint64_t quota = v->number / (USEC_PER_SEC / QUOTA_PERIOD_USEC);

        if (v->number == UINT64_MAX)
                return format_number(limit, v, values);

        return strv_pushf(values, "%llu %llu", (unsigned long long) MAX(quota, UINT64_C(1000)),
                          (unsigned long long) QUOTA_PERIOD_USEC);
}

/* From a mask of bits, the lowest first, to a list of numbers. */
static int format_set(_unused_ const Limit *limit, const Value *v, char ***values) {
        _cleanup_(strv_freep) char **numbers = NULL;
        _cleanup_free_ char *list = NULL;
        int r;

        for (size_t i = 0; i < v->n_items * 8; i++) {
                if (!(v->items[i / 8].number & (1U << (i % 8))))
                        continue;

                r = strv_pushf(&numbers, "%zu", i);
                if (r < 0)
                        return r;
        }

        r = strv_join(numbers, ",", &list);
        return r < 0 ? r : strv_push(values, isempty(list) ? "\n" : list);
}

/* The kernel counts by disks, not by partitions. */
static int find_disk(dev_t device, char **ret) {
        _cleanup_free_ char *partition = NULL, *disk = NULL;
        int r;

        r = text_printf(&partition, "/sys/dev/block/%u:%u/partition", major(device), minor(device));
        if (r < 0)
                return r;
        if (access(partition, F_OK) < 0)
                return text_printf(ret, "%u:%u", major(device), minor(device));

        r = text_printf(&disk, "/sys/dev/block/%u:%u/../dev", major(device), minor(device));
        if (r >= 0)
                r = file_read(disk, 64, ret);
        if (r >= 0)
                (*ret)[strcspn(*ret, "\n")] = 0;
        return r;
}

static int find_device(const char *path, char **ret) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;

        return S_ISBLK(st.st_mode) ? find_disk(st.st_rdev, ret) : -ENOTBLK;
}

static int format_device(const Limit *limit, const Value *v, char ***values) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < v->n_items; i++) {
                const Value *pair = v->items[i].items;
                _cleanup_free_ char *device = NULL;

                r = find_device(pair[0].text, &device);
                if (r < 0)
                        return r;

                r = pair[1].number == UINT64_MAX
                        ? strv_pushf(values, "%s %smax", device, limit->key)
                        : strv_pushf(values, "%s %s%llu", device, limit->key,
                                     (unsigned long long) pair[1].number);
        }

        return r;
}

static const Limit limit_table[] = {
        { "AllowedCPUs", "ay", "cpuset", "cpuset.cpus", format_set },
        { "AllowedMemoryNodes", "ay", "cpuset", "cpuset.mems", format_set },
        { "CPUQuotaPerSecUSec", "t", "cpu", "cpu.max", format_quota },
        { "CPUWeight", "t", "cpu", "cpu.weight", format_weight },
        { "IODeviceLatencyTargetUSec", "a(st)", "io", "io.latency", format_device, "target=" },
        { "IODeviceWeight", "a(st)", "io", "io.weight", format_device, "" },
        { "IOReadBandwidthMax", "a(st)", "io", "io.max", format_device, "rbps=" },
        { "IOReadIOPSMax", "a(st)", "io", "io.max", format_device, "riops=" },
        { "IOWeight", "t", "io", "io.weight", format_weight },
        { "IOWriteBandwidthMax", "a(st)", "io", "io.max", format_device, "wbps=" },
        { "IOWriteIOPSMax", "a(st)", "io", "io.max", format_device, "wiops=" },
        { "MemoryHigh", "t", "memory", "memory.high", format_number },
        { "MemoryLow", "t", "memory", "memory.low", format_number },
        { "MemoryMax", "t", "memory", "memory.max", format_number },
        { "MemoryMin", "t", "memory", "memory.min", format_number },
        { "MemorySwapMax", "t", "memory", "memory.swap.max", format_number },
        { "MemoryZSwapMax", "t", "memory", "memory.zswap.max", format_number },
        { "TasksMax", "t", "pids", "pids.max", format_number },
};

static const Limit *find_limit(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(limit_table); i++)
                if (streq(limit_table[i].name, name))
                        return &limit_table[i];

        return NULL;
}

static bool has_type(const Limit *limit, const Value *v) {
        return v->type == limit->signature[0] &&
               (v->type != 'a' || streq_ptr(v->signature, limit->signature + 1));
}

int limit_check(const Property *p) {
        const Limit *limit;

        assert(p);

        limit = find_limit(p->name);
        if (!limit)
                return -E_UNKNOWN_PROPERTY;

        return has_type(limit, &p->value) ? 0 : -EINVAL;
}

int limits_check_controllers(const Properties *limits, const char *controllers) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_free_ char *list = NULL;
        int r;

        assert(limits);

        if (!controllers) {
                r = cgroup_read("/", "cgroup.controllers", &list);
                if (r < 0)
                        return r == -ENOENT || r == -ENOMEDIUM ? -E_NO_CONTROLLER : r;
        }

        r = strv_split(controllers ?: list, " \n", &names);
        if (r < 0)
                return r;

        for (size_t i = 0; i < limits->n; i++)
                if (!strv_contains(names, find_limit(limits->list[i].name)->controller))
                        return -E_NO_CONTROLLER;

        return 0;
}

int limit_format(const Property *p, const char **ret_attribute, char ***ret_values) {
        _cleanup_(strv_freep) char **values = NULL;
        const Limit *limit;
        int r;

        assert(p);
        assert(ret_attribute);
        assert(ret_values);

        limit = find_limit(p->name);
        assert(limit);

        r = limit->format(limit, &p->value, &values);
        if (r < 0)
                return r;

        *ret_attribute = limit->attribute;
        *ret_values = TAKE_PTR(values);
        return 0;
}

static int apply(const char *cgroup, const Property *p) {
        _cleanup_(strv_freep) char **values = NULL;
        const char *attribute;
        int r;

        r = limit_format(p, &attribute, &values);
        if (r < 0)
                return r;

        for (char **value = values; value && *value; value++) {
                r = cgroup_write(cgroup, attribute, *value);
                if (r < 0)
                        return r == -ENOENT ? -E_NO_CONTROLLER : r;
        }

        return 0;
}

int limits_apply(const char *cgroup, const Properties *limits) {
        int r;

        assert(cgroup);

        for (size_t i = 0; limits && i < limits->n; i++) {
                r = apply(cgroup, &limits->list[i]);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Pushes "ATTRIBUTE VALUE" for each line of it; without the controller, there are none. */
static int save(const char *cgroup, const char *attribute, char ***saved) {
        _cleanup_(strv_freep) char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = cgroup_read(cgroup, attribute, &text);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        r = strv_split(text, "\n", &lines);
        for (char **line = lines; r >= 0 && line && *line; line++)
                r = strv_pushf(saved, "%s %s", attribute, *line);

        return r;
}

int limits_save(const char *cgroup, char ***ret) {
        _cleanup_(strv_freep) char **saved = NULL;
        int r;

        assert(cgroup);
        assert(ret);

        /* That several limits share an attribute does no harm: it is saved more than once. */
        for (size_t i = 0; i < ELEMENTSOF(limit_table); i++) {
                r = save(cgroup, limit_table[i].attribute, &saved);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(saved);
        return 0;
}

static int restore(const char *cgroup, const char *line) {
        _cleanup_free_ char *attribute = NULL;
        size_t n = strcspn(line, " ");
        int r;

        attribute = strndup(line, n);
        if (!attribute)
                return -ENOMEM;

        r = cgroup_write(cgroup, attribute, line + n + 1);

        /* A device that has been taken out needs no limit. */
        return r == -ENODEV ? 0 : r;
}

int limits_restore(const char *cgroup, char *const *saved) {
        _cleanup_(strv_freep) char **present = NULL;
        int r;

        assert(cgroup);

        r = limits_save(cgroup, &present);
        if (r < 0)
                return r;

        for (; saved && *saved; saved++) {
                if (strv_contains(present, *saved))
                        continue;

                r = restore(cgroup, *saved);
                if (r < 0)
                        return r;
        }

        return 0;
}
