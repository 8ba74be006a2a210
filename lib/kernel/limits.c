/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/resource.h>

#include "lib/kernel/limits.h"

/* Hard limit of open files: what systemd gives to the services of a host. */
#define FILES_MAX 524288

static const struct rlimit limit_table[] = {
        [RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_CORE] = { 0, RLIM_INFINITY },
        [RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_MSGQUEUE] = { 819200, 819200 },
        [RLIMIT_NICE] = { 0, 0 },
        [RLIMIT_NOFILE] = { 1024, FILES_MAX },
        [RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_RTPRIO] = { 0, 0 },
        [RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_STACK] = { 8 * 1024 * 1024, RLIM_INFINITY },
};

/* The kernel computes these from the memory that it finds. */
static bool is_machine_dependent(int resource) {
        return resource == RLIMIT_NPROC || resource == RLIMIT_SIGPENDING || resource == RLIMIT_MEMLOCK;
}

static int reset_one(int resource) {
        struct rlimit wanted, ours;

        if (!is_machine_dependent(resource))
                wanted = limit_table[resource];
        else if (prlimit(1, (enum __rlimit_resource) resource, NULL, &wanted) < 0)
                return -errno;

        if (prlimit(0, (enum __rlimit_resource) resource, &wanted, NULL) >= 0)
                return 0;
        if (errno != EPERM)
                return -errno;

        if (prlimit(0, (enum __rlimit_resource) resource, NULL, &ours) < 0)
                return -errno;

        wanted.rlim_max = MIN(wanted.rlim_max, ours.rlim_max);
        wanted.rlim_cur = MIN(wanted.rlim_cur, wanted.rlim_max);
        if (prlimit(0, (enum __rlimit_resource) resource, &wanted, NULL) < 0)
                return -errno;

        return 0;
}

int limits_reset(uint64_t keep) {
        int r;

        for (int i = 0; i < (int) RLIM_NLIMITS; i++) {
                r = keep & UINT64_C(1) << i ? 0 : reset_one(i);
                if (r < 0)
                        return r;
        }

        return 0;
}
