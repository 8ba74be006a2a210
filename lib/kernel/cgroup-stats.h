/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a control group uses
 *
 * The kernel's counters and limits of a control group and all below it, as they
 * stand in its files. A file that is not there, as its controller is not enabled
 * or the kernel is too old, leaves its values unknown; so does one that makes no
 * sense. Nothing here fails because of one file.
 */

#include "lib/base/base.h"

typedef enum CgroupStat {
        CGROUP_CPU_USAGE_USEC,
        CGROUP_CPU_USER_USEC,
        CGROUP_CPU_SYSTEM_USEC,
        CGROUP_MEMORY_CURRENT,  /* bytes */
        CGROUP_MEMORY_PEAK,
        CGROUP_MEMORY_MAX,      /* CGROUP_NO_LIMIT if there is none */
        CGROUP_SWAP_CURRENT,
        CGROUP_TASKS_CURRENT,
        CGROUP_TASKS_MAX,       /* the same */
        CGROUP_IO_READ,         /* bytes, of all devices */
        CGROUP_IO_WRITTEN,
        CGROUP_OOM_KILLS,       /* processes, by whatever limit */
        CGROUP_FROZEN,          /* 0 or 1 */
        _CGROUP_STAT_MAX,
} CgroupStat;

#define CGROUP_NO_LIMIT UINT64_MAX

/* Of what processes have to wait for. */
typedef enum CgroupResource {
        CGROUP_CPU,
        CGROUP_MEMORY,
        CGROUP_IO,
        _CGROUP_RESOURCE_MAX,
} CgroupResource;

/* For how much of the time they wait: of 10, 60 and 300 seconds in percent, and in all. */
typedef struct CgroupPressure {
        bool is_known;
        double avg10, avg60, avg300;
        uint64_t total_usec;
} CgroupPressure;

typedef struct CgroupStats {
        uint64_t values[_CGROUP_STAT_MAX];
        bool is_known[_CGROUP_STAT_MAX];
        CgroupPressure some[_CGROUP_RESOURCE_MAX];      /* some wait, others run */
        CgroupPressure full[_CGROUP_RESOURCE_MAX];      /* nobody runs */
} CgroupStats;

/**
 * cgroup_stats_read() - read what a control group uses
 * @path:               path of the control group
 * @stats:              what is known already, which is kept; the rest is filled in
 *
 * So a second call for the group above fills in what the first one lacks. Of
 * limits, the lower one counts.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as cgroup_open()
 */
int cgroup_stats_read(const char *path, CgroupStats *stats);

/**
 * cgroup_stats_read_at() - read what a control group uses, from its open directory
 * @fd:                 the directory
 * @stats:              as for cgroup_stats_read()
 */
void cgroup_stats_read_at(int fd, CgroupStats *stats);

/**
 * cgroup_stat_parse() - find a number in the text of a flat file
 * @text:               lines of a key, a space and a number
 * @key:                the key
 * @ret:                return location for its number
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      there is no such key
 *         -EBADMSG     what is behind it is not a number
 */
int cgroup_stat_parse(const char *text, const char *key, uint64_t *ret);

/* "cpu", as in the name of its files. */
const char *cgroup_resource_to_string(CgroupResource resource);
