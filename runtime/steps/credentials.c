/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Secrets for the payload, see systemd.exec(5): files in memory that is never
 * written to swap, in a file system of their own that nobody changes any more. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/fault.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* Of all of them together: as much as systemd takes. */
#define CREDENTIALS_SIZE_MAX (1024U * 1024)

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->n_credentials > 0;
}

static int read_file(const SpecCredential *c, RunCredential *ret) {
        _cleanup_close_ int fd = -EBADF;

        fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;

        return fd_read_all(fd, CREDENTIALS_SIZE_MAX, &ret->data, &ret->size);
}

static int apply_read(void *subject) {
        Run *run = subject;
        size_t total = 0;
        int r;

        run->credentials = calloc(run->spec->n_credentials, sizeof(*run->credentials));
        if (!run->credentials)
                return -ENOMEM;

        for (size_t i = 0; i < run->spec->n_credentials; i++) {
                const SpecCredential *c = &run->spec->credentials[i];

                if (c->path) {
                        run_set_object(run, "%s", c->path);
                        r = read_file(c, &run->credentials[i]);
                        if (r < 0)
                                return r;
                }

                total += c->path ? run->credentials[i].size : c->size;
                if (total > CREDENTIALS_SIZE_MAX)
                        return -EFBIG;
        }

        return 0;
}

static void explain_read(const void *subject, FILE *f) {
        const Run *run = subject;
        const char *comma = "";

        for (size_t i = 0; i < run->spec->n_credentials; i++) {
                const SpecCredential *c = &run->spec->credentials[i];

                (void) fprintf(f, "%s%s", comma, c->id);
                if (c->path)
                        (void) fprintf(f, " from %s", c->path);
                comma = ", ";
        }
}

const Step step_credentials = {
        .name = "credentials",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply_read,
        .explain = explain_read,
};

static int write_one(int directory_fd, const char *id, mode_t mode, const char *data, size_t size) {
        _cleanup_close_ int fd = -EBADF;

        fd = openat(directory_fd, id, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;

        return fd_write_all(fd, data, size);
}

/* Where the only one who ever runs is not root, they are that user's to read. */
static int write_all(Run *run, int directory_fd) {
        mode_t mode = run->user.uid == 0 ? 0400 : 0444;
        int r;

        for (size_t i = 0; i < run->spec->n_credentials; i++) {
                const SpecCredential *c = &run->spec->credentials[i];
                const RunCredential *read = &run->credentials[i];

                run_set_object(run, "%s", c->id);
                r = c->path ? write_one(directory_fd, c->id, mode, read->data, read->size)
                            : write_one(directory_fd, c->id, mode, c->data, c->size);
                if (r < 0)
                        return r;
        }

        return fchmodat(directory_fd, ".", run->user.uid == 0 ? 0500 : 0555, 0) < 0 ? -errno : 0;
}

static int apply(void *subject) {
        static const char *const options[] = { "mode", "0700", NULL };
        Run *run = subject;
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = guest_mount_new(run, "ramfs", options, MOUNT_ATTR_HARMLESS | MOUNT_ATTR_NOSYMFOLLOW);
        if (fd < 0)
                return fd;

        r = write_all(run, fd);
        if (r < 0)
                return r;

        if (!fault_skips("read-only", RUN_CREDENTIALS))
                r = mount_set_attributes(fd, MOUNT_ATTR_RDONLY, false);
        if (r < 0)
                return r;

        r = guest_make_directory(run->run_host_fd, "credentials", 0500);
        if (r < 0)
                return r;

        return guest_attach_at(fd, run->run_host_fd, "credentials");
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs(RUN_CREDENTIALS, f);
}

const Step step_mount_credentials = {
        .name = "mount-credentials",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
