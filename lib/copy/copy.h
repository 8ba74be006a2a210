/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Copying
 *
 * Copies a file, or a directory with all below it, where one side or both belong
 * to a guest that changes its tree meanwhile. Every step is taken from a
 * descriptor, none follows a symbolic link, and what is no regular file is never
 * opened, but made anew. A file has its name once it is whole, and not before.
 *
 * A directory is merged into one that is there: that one keeps its attributes, and
 * the files in it, unless they shall be replaced. What vanishes while it is copied
 * is not an error; what cannot be read is, and ends the copy where it is.
 *
 * The parts: copy-source.h opens what is copied, copy-attributes.h has its owner,
 * mode, times and extended attributes, copy-file.h its bytes, copy-links.h which
 * of its names mean the same file, and copy-target.h makes it.
 */

#include "lib/base/base.h"

/* Deeper trees are refused: two descriptors stay open for each level. */
#define COPY_DEPTH_MAX 256

/* More names than that are no tree, but a directory that has no end. */
#define COPY_ENTRIES_MAX (16 << 20)

typedef struct CopyRequest {
        int source_fd;                  /* directory that the source lies in */
        const char *source;             /* its name there, or "." for the directory itself */
        int target_fd;                  /* directory that the copy shall lie in */
        const char *target;             /* its name there, or "." */
        bool replaces;                  /* files that are there give way */
        bool disowns;                   /* see copy_attributes_read() */
        int opener;                     /* socket of copy_source_serve(), or -EBADF: we open */

        /* Told how many bytes of files have been copied, whenever there is something new. */
        void (*on_progress)(void *userdata, uint64_t bytes);
        void *userdata;
} CopyRequest;

/**
 * copy_tree() - copy a file, or a directory with all below it
 * @request:            what is to be copied where, and how
 *
 * For processes that do nothing else: killed, they leave no file half written
 * under its name. At most a temporary one is left, ".#berth-copy-…", which the next
 * copy that makes one there removes.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such source
 *         -EEXIST      the target is there, and not a directory to merge one into;
 *                      or it is a directory, and the source is not
 *         -ENOTDIR     the source is a directory, and the target is not
 *         -EINVAL      the target lies in the source
 *         -ENAMETOOLONG  the tree is deeper than COPY_DEPTH_MAX
 *         -EFBIG       it has no end
 *         others       what reading or writing runs into
 */
int copy_tree(const CopyRequest *request);
