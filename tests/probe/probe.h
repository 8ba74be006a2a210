/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Probe
 *
 * A payload that tells what it finds inside: statically linked, so that a root
 * directory for a test is this one file.
 */

#include <stddef.h>

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

/* Returns an exit status; the tables end with an empty one. */
typedef struct Command {
        const char *name;
        int n_args;
        int (*run)(char **args);
} Command;

extern const Command calls_commands[], files_commands[], life_commands[], notify_commands[], self_commands[];

/* Says what has failed, and how; returns the exit status. */
int fail(const char *what);

int number(const char *s);
long number_long(const char *s);

/* Writes a file to stdout. */
int cat(const char *path);

/* Sends a message to the supervisor, with a descriptor unless that is negative. */
int notify(const void *data, size_t size, int pass_fd);
