/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the machine's journald writes down is sent to the host as well, which writes it
 * into a journal of its own: --forward-journal=. journald learns from a credential where
 * to send it to (from systemd 256 on); whoever takes it is runtime/journal-remote.h. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/journal-remote.h"
#include "runtime/place.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* Connections that wait for being taken; journald has one. */
#define BACKLOG 16

static const char *const limit_names[_FORWARD_LIMIT_MAX] = {
        [FORWARD_MAX_USE] = "MaxUse",
        [FORWARD_KEEP_FREE] = "KeepFree",
        [FORWARD_MAX_FILE_SIZE] = "MaxFileSize",
        [FORWARD_MAX_FILES] = "MaxFiles",
};

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->forward_journal;
}

static bool has_limits(const Spec *spec) {
        for (ForwardLimit l = 0; l < _FORWARD_LIMIT_MAX; l++)
                if (spec->forward_limits[l] > 0)
                        return true;

        return false;
}

/* A file by its ending, otherwise a directory, in which each machine has a file. */
static int find_output(const Spec *spec, char **ret) {
        int r;

        if (endswith(spec->forward_journal, ".journal"))
                return text_printf(ret, "%s", spec->forward_journal);

        r = directory_make(spec->forward_journal, 0755);
        return r < 0 ? r : text_printf(ret, "%s/remote-%s.journal", spec->forward_journal, spec->machine);
}

static int write_limits(const Spec *spec, int fd) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = text_printf(&text, "[Remote]\n");
        for (ForwardLimit l = 0; l < _FORWARD_LIMIT_MAX && r >= 0; l++) {
                _cleanup_free_ char *before = TAKE_PTR(text);

                if (spec->forward_limits[l] > 0)
                        r = text_printf(&text, "%s%s=%llu\n", before, limit_names[l],
                                        (unsigned long long) spec->forward_limits[l]);
                else
                        text = TAKE_PTR(before);
        }

        return r < 0 ? r : guest_write_file(fd, "journal-remote.conf", 0644, text);
}

/* It takes limits from its settings only, which are the whole host's: so it gets others. */
static int make_settings(Run *run, int *ret_fd) {
        static const char *const options[] = { "mode", "0755", "size", "64k", "nr_inodes", "16", NULL };
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!has_limits(run->spec))
                return 0;

        r = journal_remote_version();
        if (r < 0)
                return r;
        if (r < JOURNAL_REMOTE_LIMITS) {
                run_set_object(run, "systemd-journal-remote %i keeps no limits", r);
                return -EOPNOTSUPP;
        }

        fd = mount_new("tmpfs", options, MOUNT_ATTR_HARMLESS);
        if (fd < 0)
                return fd;

        r = write_limits(run->spec, fd);
        if (r < 0)
                return r;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* The machine's root may connect, nobody else. */
static int listen_for(const Run *run) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        uid_t owner = run_has_users(run) ? run->range->base : 0;
        _cleanup_close_ int fd = -EBADF;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        (void) snprintf(address.sun_path, sizeof(address.sun_path), PLACES "/%s/" PLACE_JOURNAL,
                        run->spec->machine);
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            fchmodat(run->place_fd, PLACE_JOURNAL, 0600, 0) < 0 ||
            fchownat(run->place_fd, PLACE_JOURNAL, owner, owner, AT_SYMLINK_NOFOLLOW) < 0 ||
            listen(fd, BACKLOG) < 0)
                return -errno;

        return TAKE_FD(fd);
}

static int clone_socket(const Run *run) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = mount_clone(run->place_fd, PLACE_JOURNAL, false);
        if (fd < 0)
                return fd;

        r = mount_set_propagation(fd, MS_PRIVATE);
        if (r >= 0)
                r = mount_set_attributes(fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_HARMLESS, false);

        return r < 0 ? r : TAKE_FD(fd);
}

static int start(Run *run) {
        _cleanup_close_ int listen_fd = -EBADF, settings_fd = -EBADF;
        char said[JOURNAL_REMOTE_SAID_MAX] = "";
        _cleanup_free_ char *output = NULL;
        int r;

        if (!journal_remote_is_there()) {
                run_set_object(run, "systemd-journal-remote, which the host has not got");
                return -ENOENT;
        }

        r = make_settings(run, &settings_fd);
        if (r < 0)
                return r;

        run_set_object(run, "%s", run->spec->forward_journal);
        r = find_output(run->spec, &output);
        if (r >= 0)
                r = listen_fd = listen_for(run);
        if (r >= 0)
                r = run->journal_fd = clone_socket(run);
        if (r < 0)
                return r;

        r = journal_remote_start(&(JournalRemoteRequest) {
                .output = output,
                .listen_fd = listen_fd,
                .settings_fd = settings_fd,
        }, &run->journal_remote, said);
        if (r == -EIO)
                run_set_object(run, "systemd-journal-remote, which has ended: %s", said);

        return r;
}

static void undo(void *subject) {
        Run *run = subject;

        journal_remote_stop(&run->journal_remote);
        (void) unlinkat(run->place_fd, PLACE_JOURNAL, 0);
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = start(run);
        if (r < 0)
                undo(run);

        return r;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->forward_journal, f);
        for (ForwardLimit l = 0; l < _FORWARD_LIMIT_MAX; l++)
                if (run->spec->forward_limits[l] > 0)
                        (void) fprintf(f, ", %s=%llu", limit_names[l],
                                       (unsigned long long) run->spec->forward_limits[l]);
}

const Step step_forward_journal = {
        .name = "forward-journal",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply,
        .undo = undo,
        .explain = explain,
};

static int apply_show(void *subject) {
        Run *run = subject;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = guest_make_directory(run->run_host_fd, "journal", 0755);
        if (r < 0)
                return r;

        fd = openat(run->run_host_fd, "journal", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = guest_write_file(fd, "socket", 0600, "");
        return r < 0 ? r : guest_attach_at(run->journal_fd, fd, "socket");
}

static void explain_show(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs(FORWARD_SOCKET, f);
}

const Step step_show_journal = {
        .name = "show-journal",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply_show,
        .explain = explain_show,
};
