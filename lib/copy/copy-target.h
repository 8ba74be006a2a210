/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is made by a copy
 *
 * A file, link, FIFO, socket or device that has no name yet, or a temporary one,
 * until it is whole: then it is published. Where the file system can, a file has
 * no name at all before, so that nothing of it is left if we are killed. What
 * cannot be made so is called ".#berth-copy-" and 32 random digits. Whoever makes
 * such names in a directory holds a shared flock() on it, so who gets an exclusive
 * one knows that those that are there were left behind, and removes them.
 */

#include "lib/copy/copy-source.h"

#define COPY_TEMPORARY_PREFIX ".#berth-copy-"
#define COPY_TEMPORARY_MAX (sizeof(COPY_TEMPORARY_PREFIX) + 32)

/* A directory that copies are made in. */
typedef struct CopyDirectory {
        int fd;
        int lock_fd;            /* -EBADF: no temporary names have been needed yet */
} CopyDirectory;

typedef struct CopyTarget {
        CopyDirectory *directory;               /* borrowed */
        int fd;                                 /* files: for writing; others: with O_PATH */
        char temporary[COPY_TEMPORARY_MAX];     /* its name meanwhile, "" if none */
} CopyTarget;

/**
 * copy_target_create() - make something like what is copied, without a name
 * @directory:          where it shall lie; borrowed until it is done
 * @source:             what is copied: anything but a directory
 * @ret:                return location for it
 *
 * Bytes and attributes are not copied.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what creating it runs into
 */
int copy_target_create(CopyDirectory *directory, const CopySource *source, CopyTarget *ret);

/**
 * copy_target_publish() - give it its name
 * @t:                  what was made, or any other thing that is open, to have one
 *                      more name
 * @name:               its name
 * @replaces:           what has that name now gives way
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EEXIST      the name is taken; even with @replaces, if by a directory
 *         others       what linkat() and renameat2() run into
 */
int copy_target_publish(CopyTarget *t, const char *name, bool replaces);

/* Closes it, and removes it if it was not published. */
void copy_target_done(CopyTarget *t);

/* Closes it. */
void copy_directory_done(CopyDirectory *directory);
