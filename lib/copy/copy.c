/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/copy/copy-file.h"
#include "lib/copy/copy-links.h"
#include "lib/copy/copy-target.h"
#include "lib/copy/copy.h"
#include "lib/base/beneath.h"

/* A directory that is being copied. */
typedef struct Level {
        DIR *entries;                   /* of the source */
        CopyDirectory target;
        struct stat target_st;
        CopyAttributes attributes;      /* given to the target once all is in it */
        bool is_new;
        size_t path_size;
} Level;

typedef struct Copy {
        const CopyRequest *request;
        CopyProgress progress;
        CopyLinks links;
        Level levels[COPY_DEPTH_MAX];
        size_t n_levels;
        size_t n_entries;
        char path[PATH_MAX];            /* of the innermost level, below the first */
} Copy;

static void level_done(Level *l) {
        if (l->entries)
                (void) closedir(l->entries);
        copy_directory_done(&l->target);
        copy_attributes_done(&l->attributes);
}

static Copy *copy_free(Copy *c) {
        while (c->n_levels > 0)
                level_done(&c->levels[--c->n_levels]);
        copy_links_done(&c->links);
        free(c);
        return NULL;
}
DEFINE_CLEANUP(Copy, copy_free);

static int open_source(const Copy *c, int directory_fd, const char *name, CopySource *ret) {
        const CopyRequest *q = c->request;

        if (q->opener >= 0)
                return copy_source_ask(q->opener, directory_fd, name, q->disowns, ret);

        return copy_source_open(directory_fd, name, q->disowns, ret);
}

/* Returns 1 if it is new, 0 if it was there. */
static int open_target(int directory_fd, const char *name, int *ret_fd, struct stat *ret_st) {
        _cleanup_close_ int fd = -EBADF;
        bool is_new;

        /* Nobody else's until all is in it, and its owner and mode are what they shall be. */
        is_new = mkdirat(directory_fd, name, 0700) >= 0;
        if (!is_new && errno != EEXIST)
                return -errno;

        fd = beneath_open_unlinked(directory_fd, name, O_RDONLY | O_DIRECTORY);
        if (fd == -ELOOP)
                return -ENOTDIR;
        if (fd < 0)
                return fd;

        if (fstat(fd, ret_st) < 0)
                return -errno;

        *ret_fd = TAKE_FD(fd);
        return is_new;
}

static bool is_same(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What we make is never what we copy: that would have no end. */
static bool is_being_made(const Copy *c, const struct stat *st) {
        for (size_t i = 0; i < c->n_levels; i++)
                if (is_same(&c->levels[i].target_st, st))
                        return true;

        return false;
}

/* The path ends in a slash, if it is not empty, so that a name can follow. */
static int descend(Copy *c, const char *name) {
        size_t size = strlen(c->path), space = sizeof(c->path) - size;
        int n;

        if (c->n_levels >= COPY_DEPTH_MAX)
                return -ENAMETOOLONG;
        if (c->n_levels == 0)
                return 0;

        n = snprintf(c->path + size, space, "%s/", name);
        return n < 0 || (size_t) n >= space ? -ENAMETOOLONG : 0;
}

/* Takes over the source, on success only. */
static int enter(Copy *c, CopySource *source, int target_fd, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        bool is_new;
        struct stat st;
        DIR *entries;
        int r;

        r = descend(c, name);
        if (r < 0)
                return r;

        if (is_being_made(c, &source->attributes.st))
                return -EINVAL;

        r = open_target(target_fd, name, &fd, &st);
        if (r < 0)
                return r;
        is_new = r > 0;
        if (is_same(&source->attributes.st, &st))
                return -EINVAL;

        entries = fdopendir(source->fd);
        if (!entries)
                return -errno;

        c->levels[c->n_levels++] = (Level) {
                .entries = entries,
                .target = { .fd = TAKE_FD(fd), .lock_fd = -EBADF },
                .target_st = st,
                .attributes = source->attributes,
                .is_new = is_new,
                .path_size = strlen(c->path),
        };
        *source = (CopySource) { .fd = -EBADF };
        return 0;
}

static int leave(Copy *c) {
        Level *l = &c->levels[c->n_levels - 1];
        int r = 0;

        if (l->is_new)
                r = copy_attributes_apply(l->target.fd, &l->attributes);

        level_done(l);
        c->n_levels--;
        return r;
}

/* Before anything is copied for nothing; publishing it is what decides. */
static int check_name(const Copy *c, int directory_fd, const char *name) {
        struct stat st;

        if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;

        return c->request->replaces && !S_ISDIR(st.st_mode) ? 0 : -EEXIST;
}

/* Returns 1 if it is one more name of what has been copied. */
static int link_again(Copy *c, const CopySource *source, CopyDirectory *directory, const char *name) {
        _cleanup_(copy_target_done) CopyTarget t = { .directory = directory, .fd = -EBADF };
        int r;

        if (source->attributes.st.st_nlink < 2 || c->n_levels == 0)
                return 0;

        t.fd = copy_links_open(&c->links, &source->attributes.st, c->levels[0].target.fd);
        if (t.fd < 0)
                return 0;

        r = copy_target_publish(&t, name, c->request->replaces);
        if (r == -EXDEV || r == -EMLINK || r == -EPERM) /* not on this file system */
                return 0;

        return r < 0 ? r : 1;
}

static int remember(Copy *c, const CopySource *source, const CopyTarget *target, const char *name) {
        char path[PATH_MAX];
        struct stat st;
        int n;

        if (source->attributes.st.st_nlink < 2 || c->n_levels == 0)
                return 0;

        n = snprintf(path, sizeof(path), "%s%s", c->path, name);
        if (n < 0 || (size_t) n >= sizeof(path))
                return 0;

        if (fstat(target->fd, &st) < 0)
                return -errno;

        return copy_links_add(&c->links, &source->attributes.st, &st, path);
}

static int copy_other(Copy *c, const CopySource *source, CopyDirectory *directory, const char *name) {
        _cleanup_(copy_target_done) CopyTarget t = { .fd = -EBADF };
        const struct stat *st = &source->attributes.st;
        int r;

        /* With rights over somebody else's users come no rights over devices. */
        if (c->request->disowns && (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)))
                return -EPERM;

        r = check_name(c, directory->fd, name);
        if (r < 0)
                return r;

        r = link_again(c, source, directory, name);
        if (r != 0)
                return r < 0 ? r : 0;

        r = copy_target_create(directory, source, &t);
        if (r < 0)
                return r;

        if (S_ISREG(st->st_mode)) {
                r = copy_file(source->fd, t.fd, (uint64_t) st->st_size, &c->progress);
                if (r < 0)
                        return r;
        }

        r = copy_attributes_apply(t.fd, &source->attributes);
        if (r < 0)
                return r;

        r = remember(c, source, &t, name);
        if (r < 0)
                return r;

        return copy_target_publish(&t, name, c->request->replaces);
}

/* One thing, of which a directory is only begun. */
static int copy_one(
                Copy *c,
                int source_fd,
                const char *source_name,
                CopyDirectory *directory,
                const char *name) {

        _cleanup_(copy_source_done) CopySource source = { .fd = -EBADF };
        int r;

        r = open_source(c, source_fd, source_name, &source);
        if (r == -ENOENT && c->n_levels > 0) /* gone since it was listed */
                return 0;
        if (r < 0)
                return r;

        if (S_ISDIR(source.attributes.st.st_mode))
                return enter(c, &source, directory->fd, name);

        return copy_other(c, &source, directory, name);
}

static int copy_entry(Copy *c, const char *name) {
        Level *l = &c->levels[c->n_levels - 1];
        int r;

        if (++c->n_entries > COPY_ENTRIES_MAX)
                return -EFBIG;

        /* So that a tree of nothing but directories is seen to go on. */
        if (c->progress.on_progress)
                c->progress.on_progress(c->progress.userdata, c->progress.bytes);

        c->path[l->path_size] = 0;
        r = copy_one(c, dirfd(l->entries), name, &l->target, name);

        /* What is there stays, which is what merging means. */
        return r == -EEXIST && !c->request->replaces ? 0 : r;
}

static int copy_below(Copy *c) {
        struct dirent *entry;
        int r;

        while (c->n_levels > 0) {
                errno = 0;
                entry = readdir(c->levels[c->n_levels - 1].entries);
                if (!entry && errno != 0)
                        return -errno;

                if (!entry)
                        r = leave(c);
                else if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                else
                        r = copy_entry(c, entry->d_name);
                if (r < 0)
                        return r;
        }

        return 0;
}

int copy_tree(const CopyRequest *q) {
        _cleanup_(copy_directory_done) CopyDirectory directory = { .fd = -EBADF, .lock_fd = -EBADF };
        _cleanup_(copy_freep) Copy *c = NULL;
        int r;

        assert(q->source_fd >= 0);
        assert(q->target_fd >= 0);
        assert(q->source);
        assert(q->target);

        directory.fd = fcntl(q->target_fd, F_DUPFD_CLOEXEC, 3);
        if (directory.fd < 0)
                return -errno;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;

        c->request = q;
        c->progress = (CopyProgress) { .on_progress = q->on_progress, .userdata = q->userdata };

        r = copy_one(c, q->source_fd, q->source, &directory, q->target);
        if (r < 0)
                return r;

        return copy_below(c);
}
