/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Has the guest keep its journal where berthd can link it into the host's: if
 * /var/log/journal/ID is there, its journald writes to it. The link itself is
 * berthd's matter. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int make_directory(const Run *run) {
        char id[ID128_STRING_MAX];
        _cleanup_free_ char *path = NULL;
        struct stat st;
        int fd, r;

        if (stat("/var/log/journal", &st) < 0)
                return -errno;

        r = text_printf(&path, "/var/log/journal/%s", id128_format(run->uuid, id));
        if (r < 0)
                return r;

        fd = beneath_make_directory(run->root_fd, path, 0755);
        if (fd < 0)
                return fd;

        (void) close(fd);
        return 0;
}

/* What lies there is the host's, and the guest writes to it. Not where the guest says
 * that it is the host: it would write to the host's own. */
static int bind_directory(Run *run) {
        _cleanup_close_ int source_fd = -EBADF, target_fd = -EBADF;
        char id[ID128_STRING_MAX];
        _cleanup_free_ char *path = NULL;
        Id128 host;
        int r;

        if (id128_host_machine(&host) >= 0 && memcmp(&host, &run->uuid, sizeof(host)) == 0)
                return -EEXIST;

        r = text_printf(&path, "/var/log/journal/%s", id128_format(run->uuid, id));
        if (r < 0)
                return r;

        run_set_object(run, "%s", path);
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return -errno;

        source_fd = mount_clone(AT_FDCWD, path, false);
        if (source_fd < 0)
                return source_fd;

        target_fd = beneath_make_directory(run->root_fd, path, 0755);
        if (target_fd < 0)
                return target_fd;

        r = mount_set_attributes(source_fd, MOUNT_ATTR_HARMLESS, false);
        return r < 0 ? r : mount_attach(source_fd, target_fd);
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        switch (run->spec->link_journal) {
        case LINK_JOURNAL_HOST:
        case LINK_JOURNAL_TRY_HOST:
                r = bind_directory(run);
                return run->spec->link_journal == LINK_JOURNAL_TRY_HOST ? 0 : r;

        default:
                r = make_directory(run);
                return run->spec->link_journal == LINK_JOURNAL_TRY_GUEST ? 0 : r;
        }
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        LinkJournal mode = run->spec->link_journal;

        return mode != LINK_JOURNAL_NO && mode != LINK_JOURNAL_AUTO;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;
        LinkJournal mode = run->spec->link_journal;
        bool host = mode == LINK_JOURNAL_HOST || mode == LINK_JOURNAL_TRY_HOST;

        (void) fputs(host ? "/var/log/journal/ID of the host" : "/var/log/journal/ID", f);
}

const Step step_journal = {
        .name = "journal",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
