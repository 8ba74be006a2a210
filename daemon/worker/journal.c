/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Opens the journal of a guest, for somebody on the host to read.
 *
 * Not the guest's directory itself: from that, ".." would lead to all of its files, and a
 * symbolic link with the name of a journal to any of the reader's. What is handed over
 * is a mount of that directory alone, which is attached nowhere. It has no way out, no link in
 * it is followed, no device or program in it is one, and nothing can be changed by it.
 */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

#include "daemon/worker/jobs.h"
#include "lib/base/beneath.h"
#include "lib/base/id128.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"

/* Of the job. */
enum {
        FD_ROOT,                /* the guest's root directory */
        FD_MOUNTS,              /* and its mount namespace */
};

enum {
        ARG_ID,                 /* the machine's id; zeros if it is not known */
};

#define MACHINE_ID_MAX 64

/* As it was registered, or else as the guest has it. */
static int find_id(const Job *job, Id128 *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = id128_parse(job_arg(job, ARG_ID), ret);
        if (r < 0 || !id128_is_null(*ret))
                return r;

        r = beneath_read(job->fds[FD_ROOT], "etc/machine-id", MACHINE_ID_MAX, &text);
        if (r < 0)
                return r;

        text[strcspn(text, "\n")] = 0;
        return id128_parse(text, ret) < 0 || id128_is_null(*ret) ? -ENOENT : 0;
}

/* Where the guest's journald writes: on disk, or in memory if there is no place for it there. */
static int open_directory(int root_fd, Id128 id) {
        static const char *const places[] = { "var/log/journal", "run/log/journal" };
        char name[ID128_STRING_MAX];
        int fd = -ENOENT;

        (void) id128_format(id, name);
        for (size_t i = 0; i < ELEMENTSOF(places) && fd == -ENOENT; i++) {
                _cleanup_free_ char *path = NULL;
                int r;

                r = text_printf(&path, "%s/%s", places[i], name);
                if (r < 0)
                        return r;

                fd = beneath_open(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
        }

        return fd;
}

static int open_journal(const Job *job) {
        _cleanup_close_ int fd = -EBADF;
        Id128 id;
        int r;

        r = find_id(job, &id);
        if (r < 0)
                return r;

        fd = open_directory(job->fds[FD_ROOT], id);
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
