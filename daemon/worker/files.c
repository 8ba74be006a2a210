/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks at files of a guest. */

#include <fcntl.h>

#include "daemon/worker/jobs.h"
#include "lib/base/beneath.h"

/* os-release(5) is some twenty lines. */
#define OS_RELEASE_MAX (32 << 10)

int job_os_release(Job *job) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = beneath_read(job->fds[0], "etc/os-release", OS_RELEASE_MAX, &text);
        if (r == -ENOENT)
                r = beneath_read(job->fds[0], "usr/lib/os-release", OS_RELEASE_MAX, &text);
        if (r < 0)
                return r;

        return job_answer(job, text, strlen(text));
}

int job_root_directory(Job *job) {
        int fd;

        fd = beneath_open(job->fds[0], ".", O_RDONLY | O_DIRECTORY, 0);
        return fd < 0 ? fd : job_answer_fd(job, fd);
}
