/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lines
 *
 * What a machine logged, on its way to the standard output: to a file or a pipe as it
 * is, and to a terminal line by line, without what would steer that.
 */

#include "lib/base/base.h"

typedef struct Lines Lines;

/* Prints a line, which has no line end and nothing that steers a terminal. */
typedef void (*LinesPrint)(const char *line, void *userdata);

/**
 * lines_new() - get ready to print
 * @tame:               make it harmless for a terminal
 * @print:              what to do with each line, or NULL: it is printed
 * @userdata:           for that
 * @ret:                return location for the new object
 *
 * With @print it is made harmless in any case.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int lines_new(bool tame, LinesPrint print, void *userdata, Lines **ret);

/**
 * lines_free() - free the object
 * @lines:              the object, or NULL
 *
 * Return: NULL, always.
 */
Lines *lines_free(Lines *lines);
DEFINE_CLEANUP(Lines, lines_free);

/**
 * lines_print() - print some more
 * @lines:              the object
 * @data:               the bytes
 * @size:               their number
 *
 * All of it is on its way to the reader afterwards, but for the beginning of a line.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPIPE       nobody reads it
 *         others       writing failed
 */
int lines_print(Lines *lines, const char *data, size_t size);

/* Prints the beginning of a line that has no end. */
void lines_finish(Lines *lines);

/**
 * line_tame() - make a line harmless for a terminal, in place
 * @line:               the line, without its end
 *
 * Sequences that steer it are taken out; of what overwrote itself by going back to the
 * beginning, the last is left; whatever else is not to be shown becomes a question mark.
 *
 * Return: @line.
 */
char *line_tame(char *line);
