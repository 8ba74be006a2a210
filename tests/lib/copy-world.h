/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A world to copy in
 *
 * For tests of the copier, which need root: each begins with BEGIN(), and has a file
 * system of its own then, which is its working directory. In it is "s" to copy from,
 * and "t" to copy to.
 */

#include <sys/stat.h>

#include "lib/copy/copy.h"
#include "tests/test.h"

/**
 * world_enter() - begin a test, in a file system that has nothing of the last one's
 *
 * Whatever then hangs is ended by SIGALRM.
 *
 * Return: whether it could be made.
 */
bool world_enter(void);

#define BEGIN() SKIP_UNLESS(geteuid() == 0 && world_enter(), "root")

/* From "s" to "t". */
CopyRequest request(const char *source, const char *target);
int copy(const char *source, const char *target);
int copy_replacing(const char *source, const char *target);
int copy_disowning(const char *source, const char *target);

void make(const char *path, const char *text);
void check_text(const char *path, const char *wanted);
struct stat status(const char *path);
bool exists(const char *path);

/* The entries of a directory. */
unsigned count(const char *path);
