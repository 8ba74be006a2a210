/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The bytes of a file that is copied
 *
 * Shared with the source if the file system can, else copied by the kernel, else
 * read and written. Holes stay holes.
 */

#include "lib/base/base.h"

/* Files that say they are empty and are not, as those below /proc: no more of them
 * than this. */
#define COPY_UNSIZED_MAX (16 << 20)

/* Who wants to know how far a copy is. */
typedef struct CopyProgress {
        void (*on_progress)(void *userdata, uint64_t bytes);
        void *userdata;
        uint64_t bytes;
} CopyProgress;

/**
 * copy_file() - copy the bytes of a regular file
 * @source_fd:          file to read
 * @target_fd:          empty file to write
 * @size:               size that the source had at the beginning
 * @progress:           told from time to time
 *
 * What is appended meanwhile is not copied; what is cut off is missing.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EFBIG       said to be empty, and longer than COPY_UNSIZED_MAX
 *         others       what reading or writing runs into
 */
int copy_file(int source_fd, int target_fd, uint64_t size, CopyProgress *progress);
