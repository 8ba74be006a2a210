/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Opens the journal of a guest, for somebody on the host to read.
 *
 * Not the guest's directory itself: from that, ".." would lead to all of its files, and a
 * symbolic link with the name of a journal to any of the reader's. What is handed over
 * is a mount of that directory alone, which is attached nowhere. It has no way out, no link in
 * it is followed, no device or program in it is one, and nothing can be changed by it.
 */

#include <sched.h>

#include "daemon/worker/jobs.h"
#include "lib/base/id128.h"
#include "lib/base/journal-files.h"
#include "lib/kernel/mount.h"

/* Of the job. */
enum {
        FD_ROOT,                /* the guest's root directory */
        FD_MOUNTS,              /* and its mount namespace */
};

enum {
        ARG_ID,                 /* the machine's id; zeros if it is not known */
};

static int open_journal(const Job *job) {
        _cleanup_close_ int fd = -EBADF;
        Id128 id;
        int r;

        r = id128_parse(job_arg(job, ARG_ID), &id);
        if (r < 0)
                return r;

        fd = journal_directory_open(job->fds[FD_ROOT], id);
        if (fd < 0)
                return fd;

        /* Only mounts of one's own namespace can be cloned. */
        if (setns(job->fds[FD_MOUNTS], CLONE_NEWNS) < 0)
                return -errno;

        return mount_open_confined(fd);
}

int job_journal(Job *job) {
        int fd;

        fd = open_journal(job);
        if (fd == -ENOENT)
                return job_fail(job, fd, "It keeps no journal");
        if (fd == -ENOSYS || fd == -EINVAL)
                return job_fail(job, -EOPNOTSUPP, "Its journal cannot be shown by itself");

        return fd < 0 ? fd : job_answer_fd(job, fd);
}
