/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mountinfo
 *
 * What /proc/PID/mountinfo says of a guest's mounts. The guest has made some of them, and
 * named them.
 */

#include "lib/base/base.h"

typedef struct Mount {
        char *point;            /* as the guest's root directory has it */
        char *type;
        char *options;          /* of the mount */
        char *super_options;    /* of the file system */
        bool shared, slave;
} Mount;

typedef struct Mounts {
        Mount *list;
        size_t n;
} Mounts;

/**
 * mounts_parse() - read all lines
 * @text:               the file
 * @ret:                return location for the mounts, for mounts_done()
 *
 * Lines that make no sense are passed over.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int mounts_parse(const char *text, Mounts *ret);

void mounts_done(Mounts *mounts);

/* The mount at a path that lies over the others there, or NULL. */
const Mount *mounts_find(const Mounts *mounts, const char *point);

/* Whether it cannot be written to, be it for the mount or for its file system. */
bool mount_is_read_only(const Mount *m);
