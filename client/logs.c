/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "client/logs.h"
#include "lib/base/id128.h"
#include "lib/base/text.h"
#include "lib/kernel/spawn.h"

#define JOURNALCTL "/usr/bin/journalctl"

static int make_argv(const Client *client, const char *id, const char *unit, char ***ret) {
        _cleanup_(strv_freep) char **argv = NULL;
        _cleanup_free_ char *directory = NULL;
        Id128 parsed;
        int r;

        /* It becomes part of a path. */
        if (id && id128_parse(id, &parsed) >= 0 && !id128_is_null(parsed)) {
                r = text_printf(&directory, "/var/log/journal/%s", id);
                if (r < 0)
                        return r;
        }

        r = strv_push(&argv, "journalctl");
        if (r >= 0)
                r = strv_push(&argv, "--quiet");
        if (r >= 0)
                r = strv_push(&argv, "--no-pager");
        if (r >= 0)
                r = strv_pushf(&argv, "--lines=%u", client->options.lines);
        if (r >= 0)
                r = strv_pushf(&argv, "--output=%s", client->options.journal_mode);
        if (r < 0)
                return r;

        if (directory && access(directory, F_OK) >= 0)
                r = strv_pushf(&argv, "--directory=%s", directory);
        else if (unit)
                r = strv_pushf(&argv, "--unit=%s", unit);
        else
                r = -ENOENT;
        if (r < 0)
                return r;

        *ret = TAKE_PTR(argv);
        return 0;
}

/* The lines come from the machine: what steers a terminal is taken out. */
static int copy_lines(int fd) {
        _cleanup_free_ char *line = NULL;
        size_t space = 0;
        int n_lines = 0;
        FILE *f;

        f = fdopen(fd, "re");
        if (!f)
                return -errno;

        while (getline(&line, &space, f) >= 0) {
                line[strcspn(line, "\n")] = 0;
                if (n_lines++ == 0)
                        (void) putchar('\n');
                (void) puts(text_strip_control(line));
        }

        (void) fclose(f);
        return n_lines;
}

int logs_print(const Client *client, const char *id, const char *unit) {
        _cleanup_close_ int pidfd = -EBADF, write_fd = -EBADF;
        _cleanup_(strv_freep) char **argv = NULL;
        siginfo_t info;
        int r, fds[2];

        assert(client);

        if (client->options.lines == 0)
                return 0;
        if (access(JOURNALCTL, X_OK) < 0)
                return -ENOENT;

        r = make_argv(client, id, unit, &argv);
        if (r < 0)
                return r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        write_fd = fds[1];

        pidfd = spawn(&(SpawnRequest) {
                .path = JOURNALCTL,
                .argv = argv,
                .stdin_fd = -EBADF,
                .stdout_fd = write_fd,
                .cgroup_fd = -EBADF,
                .extra_fd = -EBADF,
        }, NULL);
        if (pidfd < 0) {
                (void) close(fds[0]);
                return pidfd;
        }

        closep(&write_fd);
        write_fd = -EBADF;
        r = copy_lines(fds[0]);

        (void) waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED);
        return r;
}
