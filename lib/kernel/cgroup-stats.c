/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup-stats.h"
#include "lib/kernel/cgroup.h"

/* io.stat has a line per device, and there may be hundreds of those. */
#define FILE_MAX (1 << 20)

static const char *const resource_table[_CGROUP_RESOURCE_MAX] = {
        [CGROUP_CPU] = "cpu",
        [CGROUP_MEMORY] = "memory",
        [CGROUP_IO] = "io",
};

/* Files with one number, or "max" in its place. */
static const struct {
        const char *file;
        CgroupStat stat;
} single_table[] = {
        { "memory.current", CGROUP_MEMORY_CURRENT },
        { "memory.max", CGROUP_MEMORY_MAX },
        { "memory.peak", CGROUP_MEMORY_PEAK },
        { "memory.swap.current", CGROUP_SWAP_CURRENT },
        { "pids.current", CGROUP_TASKS_CURRENT },
        { "pids.max", CGROUP_TASKS_MAX },
};

/* Files with lines of a key and a number; those of a file stand together. */
static const struct {
        const char *file, *key;
        CgroupStat stat;
} flat_table[] = {
        { "cpu.stat", "usage_usec", CGROUP_CPU_USAGE_USEC },
        { "cpu.stat", "user_usec", CGROUP_CPU_USER_USEC },
        { "cpu.stat", "system_usec", CGROUP_CPU_SYSTEM_USEC },
        { "memory.events", "oom_kill", CGROUP_OOM_KILLS },
        { "cgroup.events", "frozen", CGROUP_FROZEN },
};

static int read_at(int fd, const char *file, char **ret) {
        _cleanup_close_ int file_fd = -EBADF;

        file_fd = openat(fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        return file_fd < 0 ? -errno : fd_read_all(file_fd, FILE_MAX, ret, NULL);
}

static bool is_limit(CgroupStat stat) {
        return stat == CGROUP_MEMORY_MAX || stat == CGROUP_TASKS_MAX;
}

static void note(CgroupStats *stats, CgroupStat stat, uint64_t value) {
        if (!stats->is_known[stat])
                stats->values[stat] = value;
        else if (is_limit(stat))
                stats->values[stat] = MIN(stats->values[stat], value);

        stats->is_known[stat] = true;
}

static void read_single(int fd, const char *file, CgroupStat stat, CgroupStats *stats) {
        _cleanup_free_ char *text = NULL;
        uint64_t value;

        if (read_at(fd, file, &text) < 0)
                return;

        text[strcspn(text, "\n")] = 0;
        if (is_limit(stat) && streq(text, "max"))
                note(stats, stat, CGROUP_NO_LIMIT);
        else if (parse_u64(text, UINT64_MAX, &value) >= 0)
                note(stats, stat, value);
}

int cgroup_stat_parse(const char *text, const char *key, uint64_t *ret) {
        size_t n = strlen(key);

        assert(text);
        assert(ret);

        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
                if (strncmp(line, key, n) == 0 && line[n] == ' ')
                        return sscanf(line + n, " %" SCNu64, ret) == 1 ? 0 : -EBADMSG;

        return -ENOENT;
}

static void read_flat(int fd, CgroupStats *stats) {
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < ELEMENTSOF(flat_table); i++) {
                uint64_t value;

                if (i == 0 || !streq(flat_table[i].file, flat_table[i - 1].file)) {
                        free(TAKE_PTR(text));
                        (void) read_at(fd, flat_table[i].file, &text);
                }

                if (text && cgroup_stat_parse(text, flat_table[i].key, &value) >= 0)
                        note(stats, flat_table[i].stat, value);
        }
}

/* "8:0 rbytes=1459200 wbytes=314773504 rios=192 …", a line per device */
static uint64_t sum_of_devices(const char *text, const char *key) {
        uint64_t sum = 0;

        for (const char *p = text; (p = strstr(p, key)); p += strlen(key)) {
                uint64_t value;

                if (p > text && p[-1] == ' ' && sscanf(p + strlen(key), "%" SCNu64, &value) == 1)
                        sum += value;
        }

        return sum;
}

/* Of a group that has done nothing yet the file is empty. */
static void read_io(int fd, CgroupStats *stats) {
        _cleanup_free_ char *text = NULL;

        if (read_at(fd, "io.stat", &text) < 0)
                return;

        note(stats, CGROUP_IO_READ, sum_of_devices(text, "rbytes="));
        note(stats, CGROUP_IO_WRITTEN, sum_of_devices(text, "wbytes="));
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void parse_pressure(const char *text, const char *kind, CgroupPressure *pressure) {
        CgroupPressure p = { .is_known = true };
        const char *line = strstr(text, kind);

        if (pressure->is_known || !line)
                return;

        if (sscanf(line + strlen(kind), " avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64,
                   &p.avg10, &p.avg60, &p.avg300, &p.total_usec) == 4)
                *pressure = p;
}

static void read_pressure(int fd, CgroupResource resource, CgroupStats *stats) {
        _cleanup_free_ char *text = NULL;
        char file[32];

        /* It may be there and refuse to be read, if it was turned off. */
        (void) snprintf(file, sizeof(file), "%s.pressure", resource_table[resource]);
        if (read_at(fd, file, &text) < 0)
                return;

        parse_pressure(text, "some", &stats->some[resource]);
        parse_pressure(text, "full", &stats->full[resource]);
}

void cgroup_stats_read_at(int fd, CgroupStats *stats) {
        assert(fd >= 0);
        assert(stats);

        for (size_t i = 0; i < ELEMENTSOF(single_table); i++)
                read_single(fd, single_table[i].file, single_table[i].stat, stats);
        read_flat(fd, stats);
        read_io(fd, stats);
        for (CgroupResource i = 0; i < _CGROUP_RESOURCE_MAX; i++)
                read_pressure(fd, i, stats);
}

int cgroup_stats_read(const char *path, CgroupStats *stats) {
        _cleanup_close_ int fd = -EBADF;

        fd = cgroup_open(path);
        if (fd < 0)
                return fd;

        cgroup_stats_read_at(fd, stats);
        return 0;
}

const char *cgroup_resource_to_string(CgroupResource resource) {
        return resource_table[resource];
}
