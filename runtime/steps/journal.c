/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Has the guest keep its journal where berthd can link it into the host's: if
 * /var/log/journal/ID is there, its journald writes to it. The link itself is
 * berthd's matter. */

#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/text.h"
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

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = make_directory(run);
        return run->spec->link_journal == LINK_JOURNAL_TRY_GUEST ? 0 : r;
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        LinkJournal mode = run->spec->link_journal;

        return mode == LINK_JOURNAL_GUEST || mode == LINK_JOURNAL_TRY_GUEST;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/var/log/journal/ID", f);
}

const Step step_journal = {
        .name = "journal",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
