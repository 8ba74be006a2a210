/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/tree.h"

/* Of what was lifted to the top; nobody else gives names there any more. */
#define LIFTED_NAME_MAX 32

typedef struct Remover {
        int top_fd;
        unsigned n_lifted;
        unsigned n_removed;     /* in this round */
        int error;              /* the first one of this round */
} Remover;

static bool is_dots(const char *name) {
        return streq(name, ".") || streq(name, "..");
}

static void note(Remover *r, int error) {
        if (error >= 0)
                r->n_removed++;
        else if (r->error == 0)
                r->error = error;
}

static int remove_entry(int fd, const char *name) {
        if (unlinkat(fd, name, 0) >= 0)
                return 0;
        if (errno != EISDIR)
                return -errno;

        return unlinkat(fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static DIR *open_directory(int fd, const char *name) {
        int directory_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *d = directory_fd < 0 ? NULL : fdopendir(directory_fd);

        if (!d && directory_fd >= 0)
                (void) close(directory_fd);
        return d;
}

/* Lifts a directory that is not empty to the top, so that no tree is too deep. */
static int lift(Remover *r, int fd, const char *name) {
        char lifted[LIFTED_NAME_MAX];

        for (;;) {
                (void) snprintf(lifted, sizeof(lifted), "lifted.%u", r->n_lifted++);
                if (renameat2(fd, name, r->top_fd, lifted, RENAME_NOREPLACE) >= 0)
                        return 0;
                if (errno != EEXIST)
                        return -errno;
        }
}

static void empty_directory(Remover *r, const char *name) {
        DIR *d = open_directory(r->top_fd, name);
        int error;

        if (!d) {
                note(r, -errno);
                return;
        }

        for (struct dirent *e; (e = readdir(d));) {
                if (is_dots(e->d_name))
                        continue;

                error = remove_entry(dirfd(d), e->d_name);
                if (error == -ENOTEMPTY)
                        error = lift(r, dirfd(d), e->d_name);
                note(r, error);
        }

        (void) closedir(d);
}

/* Once over what is at the top. */
static void take_round(Remover *r, DIR *top) {
        r->n_removed = 0;
        r->error = 0;
        rewinddir(top);

        for (struct dirent *e; (e = readdir(top));) {
                int error;

                if (is_dots(e->d_name))
                        continue;

                error = remove_entry(r->top_fd, e->d_name);
                if (error == -ENOTEMPTY) {
                        empty_directory(r, e->d_name);
                        error = remove_entry(r->top_fd, e->d_name);
                }
                note(r, error);
        }
}

int tree_remove(const char *path) {
        Remover r = {};
        DIR *top;

        assert(path);

        top = open_directory(AT_FDCWD, path);
        if (!top)
                return errno == ENOENT ? 0 : -errno;

        r.top_fd = dirfd(top);
        do
                take_round(&r, top);
        while (r.n_removed > 0 && unlinkat(AT_FDCWD, path, AT_REMOVEDIR) < 0);

        (void) closedir(top);
        if (r.error < 0)
                return r.error;

        return unlinkat(AT_FDCWD, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
