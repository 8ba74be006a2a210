/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <search.h>

#include "lib/copy/copy-links.h"
#include "lib/base/beneath.h"

typedef struct Link {
        dev_t device, target_device;
        ino_t inode, target_inode;
        char path[];
} Link;

static int compare(const void *a, const void *b) {
        const Link *x = a, *y = b;

        if (x->device != y->device)
                return x->device < y->device ? -1 : 1;
        if (x->inode != y->inode)
                return x->inode < y->inode ? -1 : 1;

        return 0;
}

int copy_links_add(CopyLinks *l, const struct stat *source, const struct stat *target, const char *path) {
        size_t size = strlen(path) + 1;
        Link *link, **found;

        assert(l);
        assert(source);
        assert(target);

        if (l->n >= COPY_LINKS_MAX)
                return 0;

        link = malloc(sizeof(*link) + size);
        if (!link)
                return -ENOMEM;

        *link = (Link) {
                .device = source->st_dev,
                .inode = source->st_ino,
                .target_device = target->st_dev,
                .target_inode = target->st_ino,
        };
        memcpy(link->path, path, size);

        found = tsearch(link, &l->tree, compare);
        if (!found) {
                free(link);
                return -ENOMEM;
        }

        /* The first copy is gone, or this is not asked for again: the last one counts. */
        if (*found != link) {
                free(*found);
                *found = link;
                return 0;
        }

        l->n++;
        return 0;
}

int copy_links_open(const CopyLinks *l, const struct stat *source, int root_fd) {
        const Link wanted = { .device = source->st_dev, .inode = source->st_ino };
        _cleanup_close_ int fd = -EBADF;
        Link *const *found;
        struct stat st;

        assert(l);
        assert(root_fd >= 0);

        found = tfind(&wanted, &l->tree, compare);
        if (!found)
                return -ENOENT;

        fd = beneath_open_unlinked(root_fd, (*found)->path, O_PATH | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -ENOENT;
        if (st.st_dev != (*found)->target_device || st.st_ino != (*found)->target_inode)
                return -ENOENT;

        return TAKE_FD(fd);
}

void copy_links_done(CopyLinks *l) {
        assert(l);

        tdestroy(l->tree, free);
        *l = (CopyLinks) {};
}
