/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/outside/journal.h"
#include "daemon/outside/steps.h"
#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* Its root directory, seen from here. One that only its manager's namespace has is none for us. */
static int open_root(const char *path, int *ret) {
        int fd;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0)
                return errno == ELOOP || errno == ENOTDIR ? -E_UNSAFE_PATH : -errno;

        *ret = fd;
        return 1;
}

/* The id that its journal is filed under: as registered, or as its root directory tells. */
static int journal_id(int root_fd, const MachineInfo *info, Id128 *ret) {
        int r;

        if (!id128_is_null(info->id)) {
                *ret = info->id;
                return 1;
        }

        r = id128_read_machine(root_fd, ret);
        if (r == -ENOENT)
                return 0;

        return r < 0 ? -E_BAD_MACHINE_ID : 1;
}

/* Whoever reads the journal follows the link on the host's side. */
static int check_path(int root_fd, Id128 id) {
        _cleanup_free_ char *name = NULL;
        char digits[ID128_STRING_MAX];
        int r;

        r = text_printf(&name, "var/log/journal/%s", id128_format(id, digits));
        if (r < 0)
                return r;

        return beneath_leads_out(root_fd, name) > 0 ? -E_UNSAFE_PATH : 0;
}

static int note_plan(MachineInfo *info, Id128 id) {
        char digits[ID128_STRING_MAX];
        int r;

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

int journal_step_plan(Creation *c) {
        OutsideContext *o = c->outside;
        _cleanup_close_ int root_fd = -EBADF;
        MachineInfo *info = c->info;
        Id128 id;
        int r;

        if (info->class != MACHINE_CONTAINER || !info->root_directory || streq(info->root_directory, "/"))
                return 0;

        r = open_root(info->root_directory, &root_fd);
        if (r <= 0)
                return r;

        r = journal_id(root_fd, info, &id);
        if (r <= 0 || !o->config.journal_link)
                return r < 0 ? r : 0;

        r = check_path(root_fd, id);
        return r < 0 ? r : note_plan(info, id);
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
