/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/outside/journal.h"
#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

/* One name for each link: what a killed daemon leaves is in its successor's way, and taken away. */
#define TEMPORARY_PREFIX ".berth-"

#define TEMPORARY_SIZE (sizeof(TEMPORARY_PREFIX) + ID128_STRING_MAX)

/* What is looked at before anything is done. */
typedef struct Place {
        int directory_fd;               /* the host's journals */
        char name[ID128_STRING_MAX];
        char *target;
} Place;

static void place_done(Place *p) {
        closep(&p->directory_fd);
        free(p->target);
}

static int place_init(Place *p, const JournalRequest *request) {
        if (id128_is_null(request->id) || id128_equal(request->id, request->host))
                return -EINVAL;
        if (request->root[0] != '/' || streq(request->root, "/"))
                return -EINVAL;

        (void) id128_format(request->id, p->name);

        p->directory_fd = open(request->directory, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
        if (p->directory_fd < 0)
                return errno == ENOTDIR ? -ENOENT : -errno;

        return text_printf(&p->target, "%s" JOURNAL_DIRECTORY "/%s", request->root, p->name);
}

/* One directory in another of the guest's, by a name without slashes. */
static int step_down(int *fd, const char *name) {
        struct stat st;
        int next;

        next = beneath_open(*fd, name, O_PATH|O_NOFOLLOW, 0);
        if (next < 0)
                return next;

        closep(fd);
        *fd = next;

        if (fstat(next, &st) < 0)
                return -errno;

        return S_ISDIR(st.st_mode) ? 0 : -E_UNSAFE_PATH;
}

/* No symbolic link on the way: readers would follow it to the host's own files. */
static int check_guest(const Place *p, const char *root) {
        const char *const names[] = { "var", "log", "journal", p->name };
        _cleanup_close_ int fd = -EBADF;
        struct stat host, guest;
        int r;

        if (fstat(p->directory_fd, &host) < 0)
                return -errno;

        fd = open(root, O_PATH|O_DIRECTORY|O_CLOEXEC);
        if (fd < 0)
                return -errno;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                r = step_down(&fd, names[i]);
                if (r < 0)
                        return r;

                /* A root directory that shares the host's journals needs no link to itself. */
                if (fstat(fd, &guest) < 0)
                        return -errno;
                if (guest.st_dev == host.st_dev && guest.st_ino == host.st_ino)
                        return -EEXIST;
        }

        return 0;
}

/* Returns 1 if the link is there and the same, 0 if its place is free, or may be. */
static int check_host(const Place *p) {
        char target[PATH_MAX];
        struct stat st;
        ssize_t n;

        n = readlinkat(p->directory_fd, p->name, target, sizeof(target) - 1);
        if (n < 0)
                return errno == ENOENT ? 0 : errno == EINVAL ? -EEXIST : -errno;

        target[n] = '\0';
        if (streq(target, p->target))
                return 1;

        if (fstatat(p->directory_fd, p->name, &st, 0) >= 0)
                return -EEXIST;

        /* Nobody's any more. What cannot be looked at may be somebody's. */
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -EEXIST;
}

static int replace(const Place *p) {
        char temporary[TEMPORARY_SIZE];
        int r;

        (void) snprintf(temporary, sizeof(temporary), TEMPORARY_PREFIX "%s", p->name);
        (void) unlinkat(p->directory_fd, temporary, 0);

        if (symlinkat(p->target, p->directory_fd, temporary) < 0)
                return -errno;

        if (renameat(p->directory_fd, temporary, p->directory_fd, p->name) < 0) {
                r = -errno;
                (void) unlinkat(p->directory_fd, temporary, 0);
                return r == -EISDIR ? -EEXIST : r;
        }

        return 1;
}

int journal_link(const JournalRequest *request) {
        _cleanup_(place_done) Place p = { .directory_fd = -EBADF };
        int r;

        assert(request);
        assert(request->directory);
        assert(request->root);

        r = place_init(&p, request);
        if (r < 0)
                return r;

        r = check_guest(&p, request->root);
        if (r < 0)
                return r;

        r = check_host(&p);
        if (r < 0)
                return r;

        return r > 0 ? 0 : replace(&p);
}

int journal_unlink(const JournalRequest *request) {
        _cleanup_(place_done) Place p = { .directory_fd = -EBADF };
        int r;

        assert(request);
        assert(request->directory);
        assert(request->root);

        r = place_init(&p, request);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        r = check_host(&p);
        if (r <= 0)
                return r == -EEXIST ? 0 : r;

        if (unlinkat(p.directory_fd, p.name, 0) < 0)
                return errno == ENOENT ? 0 : -errno;

        return 1;
}
