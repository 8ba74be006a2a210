/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * berth-worker
 *
 * Does one job that looks into a guest, for berthd: `berth-worker JOB` with the
 * guest's root directory as descriptor 3. The answer goes to standard output, an
 * errno is the exit status. It is killed if it takes too long.
 */

#include <sys/prctl.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"

#define ROOT_FD 3

/* os-release(5) is some twenty lines. */
#define OS_RELEASE_MAX (32 << 10)

static int read_os_release(void) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = beneath_read(ROOT_FD, "etc/os-release", OS_RELEASE_MAX, &text);
        if (r == -ENOENT)
                r = beneath_read(ROOT_FD, "usr/lib/os-release", OS_RELEASE_MAX, &text);
        if (r < 0)
                return r;

        return fd_write_all(STDOUT_FILENO, text, strlen(text));
}

typedef struct Job {
        const char *name;
        int (*run)(void);
} Job;

static const Job job_table[] = {
        { "os-release", read_os_release },
};

int main(int argc, char *argv[]) {
        /* Nobody looks into it while it looks into a guest. */
        (void) prctl(PR_SET_DUMPABLE, 0);

        for (size_t i = 0; argc == 2 && i < ELEMENTSOF(job_table); i++)
                if (streq(argv[1], job_table[i].name))
                        return -job_table[i].run();

        return EINVAL;
}
