/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text
 *
 * Strict parsing of numbers and words, and lists of strings. A parser here
 * takes the whole string or nothing: no leading blanks, no sign, no rest.
 */

#include "lib/base/base.h"

/**
 * parse_u64() - read a decimal number
 * @s:                  the digits, and nothing else
 * @max:                largest value that is accepted
 * @ret:                return location for the number
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a number
 *         -ERANGE      larger than @max
 */
int parse_u64(const char *s, uint64_t max, uint64_t *ret);

/**
 * parse_unsigned() - read a decimal number that fits into an unsigned
 * @s:                  the digits, and nothing else
 * @max:                largest value that is accepted
 * @ret:                return location for the number
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as parse_u64()
 */
int parse_unsigned(const char *s, unsigned max, unsigned *ret);

/**
 * parse_pid() - read a process id
 * @s:                  the digits, and nothing else
 * @ret:                return location for the process id, above 0
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a process id
 *         -ERANGE      too large for one
 */
int parse_pid(const char *s, pid_t *ret);

/**
 * parse_boolean() - read a truth value as systemd's files spell it
 * @s:                  1 yes y true t on, 0 no n false f off, in any case
 *
 * Return: 1 or 0, negative error code on failure.
 * Errors: -EINVAL      none of these
 */
int parse_boolean(const char *s);

/**
 * parse_size() - read a number of bytes
 * @s:                  digits, and K, M, G, T, P or E to the base of 1024
 * @ret:                return location for the number
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a size
 *         -ERANGE      too large
 */
int parse_size(const char *s, uint64_t *ret);

/**
 * text_printf() - like asprintf(), but with our idea of errors
 * @ret:                return location for the new string
 * @format:             printf() format
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int text_printf(char **ret, const char *format, ...) _printf_(2, 3);

/**
 * text_is_printable() - check for text that may be shown on a terminal
 * @s:                  string to check
 *
 * Return: whether it is valid UTF-8 without control characters.
 */
bool text_is_printable(const char *s);

/**
 * text_strip_control() - replace what may not be shown on a terminal, in place
 * @s:                  string to change; each offending byte becomes '?'
 *
 * Return: @s.
 */
char *text_strip_control(char *s);

/**
 * path_is_normalized() - check that a path has nothing in it that is to be resolved
 * @path:               path to check
 *
 * That is: it is absolute, and has neither empty components but for the one behind a
 * slash at its end, nor any that are a dot or two.
 *
 * Return: whether it is so.
 */
bool path_is_normalized(const char *path);

/**
 * environment_name_is_valid() - check the name of a variable
 * @s:                  text that begins with it
 * @size:               how long it is
 *
 * Return: whether it is one that shells have.
 */
bool environment_name_is_valid(const char *s, size_t size);

/**
 * environment_assignment_is_valid() - check for NAME=VALUE of an environment
 * @s:                  string to check
 *
 * The name is one that shells have; the value is printable, but for lines and
 * tabs in it.
 *
 * Return: whether it is valid.
 */
bool environment_assignment_is_valid(const char *s);

/* NULL-terminated lists of strings; NULL is the empty list. */

/**
 * strv_free() - free a list and its strings
 * @l:                  the list, or NULL
 *
 * Return: NULL, always.
 */
char **strv_free(char **l);

static inline void strv_freep(char ***l) {
        (void) strv_free(*l);
}

size_t strv_length(char *const *l);
bool strv_contains(char *const *l, const char *s);

/**
 * strv_push() - append a copy of a string
 * @l:                  list to extend, in place
 * @s:                  string to copy
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int strv_push(char ***l, const char *s);

/**
 * strv_pushf() - append a formatted string
 * @l:                  list to extend, in place
 * @format:             printf() format
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int strv_pushf(char ***l, const char *format, ...) _printf_(2, 3);

/**
 * strv_split() - cut a string at any of some characters
 * @s:                  string to cut; runs of separators count as one
 * @separators:         characters to cut at
 * @ret:                return location for the new list
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int strv_split(const char *s, const char *separators, char ***ret);

/**
 * strv_copy() - copy a list
 * @l:                  list to copy, or NULL
 * @ret:                return location for the new list
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int strv_copy(char *const *l, char ***ret);

/**
 * strv_join() - make one string of a list
 * @l:                  list to join, or NULL
 * @separator:          what to put between
 * @ret:                return location for the new string
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int strv_join(char *const *l, const char *separator, char **ret);
