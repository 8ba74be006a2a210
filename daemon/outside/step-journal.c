/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/outside/journal.h"
#include "daemon/outside/steps.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* The id that its journal is filed under: as registered, or as its root directory tells. */
static int journal_id(const MachineInfo *info, Id128 *ret) {
        _cleanup_close_ int root_fd = -EBADF;

        if (!id128_is_null(info->id)) {
                *ret = info->id;
                return 0;
        }

        root_fd = open(info->root_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return root_fd < 0 ? -errno : id128_read_machine(root_fd, ret);
}

int journal_step_plan(Creation *c) {
        OutsideContext *o = c->outside;
        MachineInfo *info = c->info;
        char digits[ID128_STRING_MAX];
        Id128 id;
        int r;

        if (!o->config.journal_link || !info->root_directory || streq(info->root_directory, "/"))
                return 0;
        if (journal_id(info, &id) < 0)
                return 0; /* without an id, there is no journal of it */

        r = text_printf(&info->journal_link, JOURNAL_DIRECTORY "/%s", id128_format(id, digits));
        if (r < 0)
                return r;

        info->journal_root = strdup(info->root_directory);
        if (!info->journal_root)
                return -ENOMEM;

        /* A machine that lives in a scope is transient; one that lives in a service comes again. */
        info->keeps_journal_link = !info->owns_scope && endswith(info->unit, ".service");
        return 0;
}

static bool journal_step_wanted(const void *subject) {
        const Creation *c = subject;

        return c->info->journal_link != NULL;
}

static int make_request(const Creation *c, JournalRequest *ret) {
        OutsideContext *o = c->outside;
        const char *digits = startswith(c->info->journal_link, JOURNAL_DIRECTORY "/");

        *ret = (JournalRequest) { .directory = JOURNAL_DIRECTORY, .root = c->info->journal_root,
                                 .host = o->host };
        return digits && c->info->journal_root ? id128_parse(digits, &ret->id) : -EBADMSG;
}

static void forget(MachineInfo *info) {
        free(info->journal_link);
        info->journal_link = NULL;
}

/* Whoever keeps no journal, or keeps it from us, is a machine all the same. */
static int journal_step_apply(void *subject) {
        Creation *c = subject;
        JournalRequest request;
        int r;

        r = make_request(c, &request);
        if (r >= 0)
                r = journal_link(&request);
        if (r < 0 && r != -ENOENT)
                (void) log_warning(r, "The journal of machine '%s' is not shown on the host", c->info->name);

        /* A link that was there is not ours to remove. */
        if (r <= 0)
                forget(c->info);

        return 0;
}

static void journal_step_undo(void *subject) {
        Creation *c = subject;
        JournalRequest request;

        if (c->info->keeps_journal_link && !c->has_failed)
                return;

        if (make_request(c, &request) >= 0)
                (void) journal_unlink(&request);
}

const Step step_journal = {
        .name = "journal",
        .wanted = journal_step_wanted,
        .apply = journal_step_apply,
        .undo = journal_step_undo,
};
