/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/copy/copy-target.h"
#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/id128.h"

/* Entries that are looked at to find what was left: more are not worth it. */
#define SWEEP_MAX 65536

static int choose_temporary(char ret[static COPY_TEMPORARY_MAX]) {
        char random[ID128_STRING_MAX];
        Id128 id;
        int r;

        r = id128_random(&id);
        if (r < 0)
                return r;

        (void) snprintf(ret, COPY_TEMPORARY_MAX, COPY_TEMPORARY_PREFIX "%s", id128_format(id, random));
        return 0;
}

static bool is_temporary(const char *name) {
        return startswith(name, COPY_TEMPORARY_PREFIX) && strlen(name) == COPY_TEMPORARY_MAX - 1;
}

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

static void remove_temporary(int directory_fd) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct dirent *entry;

        fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d)
                return;
        TAKE_FD(fd);

        for (unsigned i = 0; i < SWEEP_MAX && (entry = readdir(d)); i++)
                if (is_temporary(entry->d_name))
                        (void) unlinkat(directory_fd, entry->d_name, 0);
}

/* Before the first that needs a name of its own is made in a directory. Waits for
 * nobody, as a guest may hold its lock for ever: then nothing is removed. */
static void sweep(CopyDirectory *directory) {
        if (directory->lock_fd >= 0)
                return;

        directory->lock_fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory->lock_fd < 0)
                return;

        if (flock(directory->lock_fd, LOCK_EX | LOCK_NB) >= 0)
                remove_temporary(directory->fd);
        (void) flock(directory->lock_fd, LOCK_SH | LOCK_NB);
}

static int create_file(CopyTarget *t) {
        t->fd = openat(t->directory->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (t->fd >= 0) {
                t->temporary[0] = 0;
                return 0;
        }

        /* Whatever the reason was: it is the same for this one, or there is none. */
        sweep(t->directory);
        t->fd = openat(t->directory->fd, t->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        return t->fd < 0 ? -errno : 0;
}

static int create_link(const CopyTarget *t, int link_fd) {
        char text[PATH_MAX];
        ssize_t n;

        n = readlinkat(link_fd, "", text, sizeof(text));
        if (n < 0)
                return -errno;
        if ((size_t) n >= sizeof(text))
                return -ENAMETOOLONG;
        text[n] = 0;

        return symlinkat(text, t->directory->fd, t->temporary) < 0 ? -errno : 0;
}

static int create_special(const CopyTarget *t, mode_t type, dev_t device) {
        return mknodat(t->directory->fd, t->temporary, type, device) < 0 ? -errno : 0;
}

static int create_node(CopyTarget *t, const CopySource *source) {
        const struct stat *wanted = &source->attributes.st;
        struct stat st;
        int r;

        sweep(t->directory);
        if (S_ISLNK(wanted->st_mode))
                r = create_link(t, source->fd);
        else
                r = create_special(t, wanted->st_mode & S_IFMT, wanted->st_rdev);
        if (r < 0)
                return r;

        t->fd = beneath_open_unlinked(t->directory->fd, t->temporary, O_PATH | O_NOFOLLOW);
        if (t->fd < 0)
                return t->fd;

        /* A guest may have put something else there. */
        if (fstat(t->fd, &st) < 0)
                return -errno;
        if ((st.st_mode & S_IFMT) != (wanted->st_mode & S_IFMT))
                return -ESTALE;
        if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) && st.st_rdev != wanted->st_rdev)
                return -ESTALE;

        return 0;
}

int copy_target_create(CopyDirectory *directory, const CopySource *source, CopyTarget *ret) {
        _cleanup_(copy_target_done) CopyTarget t = { .directory = directory, .fd = -EBADF };
        int r;

        assert(directory);
        assert(source);
        assert(ret);

        r = choose_temporary(t.temporary);
        if (r < 0)
                return r;

        r = S_ISREG(source->attributes.st.st_mode) ? create_file(&t) : create_node(&t, source);
        if (r < 0)
                return r;

        *ret = t;
        t = (CopyTarget) { .fd = -EBADF };
        return 0;
}

static int give_name(const CopyTarget *t, const char *name) {
        char path[FD_PATH_MAX];

        if (linkat(AT_FDCWD, fd_path(t->fd, path), t->directory->fd, name, AT_SYMLINK_FOLLOW) < 0)
                return -errno;

        return 0;
}

static int rename_to(CopyTarget *t, const char *name, bool replaces) {
        unsigned flags = replaces ? 0 : RENAME_NOREPLACE;

        if (renameat2(t->directory->fd, t->temporary, t->directory->fd, name, flags) < 0) {
                if (errno == EISDIR)
                        return -EEXIST;
                if (replaces || errno != EINVAL)
                        return -errno;

                /* File systems that cannot refuse a rename can refuse a link. */
                if (linkat(t->directory->fd, t->temporary, t->directory->fd, name, 0) < 0)
                        return -errno;
        }

        /* What was linked is still there; also what was renamed to another name of
         * the same file, as such a rename does nothing. */
        (void) unlinkat(t->directory->fd, t->temporary, 0);
        t->temporary[0] = 0;
        return 0;
}

int copy_target_publish(CopyTarget *t, const char *name, bool replaces) {
        int r;

        assert(t);
        assert(name);

        if (!*t->temporary) {
                char temporary[COPY_TEMPORARY_MAX];

                r = give_name(t, name);
                if (r != -EEXIST || !replaces)
                        return r;

                r = choose_temporary(temporary);
                if (r < 0)
                        return r;

                sweep(t->directory);
                r = give_name(t, temporary);
                if (r < 0)
                        return r;
                memcpy(t->temporary, temporary, sizeof(temporary));
        }

        return rename_to(t, name, replaces);
}

void copy_target_done(CopyTarget *t) {
        assert(t);

        if (*t->temporary)
                (void) unlinkat(t->directory->fd, t->temporary, 0);
        closep(&t->fd);
        *t = (CopyTarget) { .fd = -EBADF };
}

void copy_directory_done(CopyDirectory *directory) {
        assert(directory);

        closep(&directory->fd);
        closep(&directory->lock_fd);
        *directory = (CopyDirectory) { .fd = -EBADF, .lock_fd = -EBADF };
}
