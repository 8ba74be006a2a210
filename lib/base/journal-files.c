/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/base/beneath.h"
#include "lib/base/journal-files.h"
#include "lib/base/text.h"

/* Whoever goes to it, as berth-run does, makes the directory, whether the machine has a journald or not. */
static int has_files(int fd) {
        struct dirent *e;
        bool found = false;
        DIR *directory;
        int own;

        own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (own < 0)
                return -errno;

        directory = fdopendir(own);
        if (!directory) {
                int r = -errno;

                (void) close(own);
                return r;
        }

        while (!found && (e = readdir(directory)))
                found = endswith(e->d_name, ".journal");

        (void) closedir(directory);
        return found;
}

int journal_directory_open(int root_fd, Id128 id) {
        static const char *const places[] = { "var/log/journal", "run/log/journal" };
        char name[ID128_STRING_MAX], path[64];
        int r;

        if (id128_is_null(id)) {
                r = id128_read_machine(root_fd, &id);
                if (r < 0)
                        return r == -EINVAL ? -ENOENT : r;
        }

        (void) id128_format(id, name);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int fd = -EBADF;

                (void) snprintf(path, sizeof(path), "%s/%s", places[i], name);
                fd = beneath_open(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
                if (fd < 0 && fd != -ENOENT)
                        return fd;

                r = fd < 0 ? 0 : has_files(fd);
                if (r < 0)
                        return r;
                if (r > 0)
                        return TAKE_FD(fd);
        }

        return -ENOENT;
}
