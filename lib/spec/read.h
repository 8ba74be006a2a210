/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reading
 *
 * What is common to the values of options: words that stand for numbers, truth,
 * text, and lists of names.
 */

#include "lib/base/base.h"

typedef struct Word {
        const char *word;
        int value;
} Word;

/**
 * word_find() - the number that a word stands for
 * @words:              the words, up to one that is NULL
 * @s:                  the word. Where there are yes and no, it may be any truth
 *                      value that parse_boolean() reads
 *
 * Return: the number, not negative, or a negative error code on failure.
 * Errors: -EINVAL      no such word
 */
int word_find(const Word *words, const char *s);

/**
 * spec_read_boolean() - read a truth value
 * @to:                 where to, written on success only
 * @value:              as parse_boolean() takes it, or NULL: true
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      neither true nor false
 */
int spec_read_boolean(bool *to, const char *value);

/**
 * spec_read_string() - copy text in the place of what was there
 * @to:                 where to, changed on success only; what was there is freed
 * @value:              the text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      there is none, or it cannot be printed
 *         -ENOMEM
 */
int spec_read_string(char **to, const char *value);

/**
 * spec_read_path() - have a path begin at the root
 * @value:              the path, relative to where we are now; it need not be there
 * @ret:                return location for the absolute one
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       as getcwd()
 */
int spec_read_path(const char *value, char **ret);

/**
 * spec_read_bits() - read a list of names, each of which stands for a bit
 * @s:                  the list
 * @separators:         characters that divide it
 * @find:               gives the bit's number, or a negative error code
 * @ret:                return location for the bits
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      there is no name in it
 *         -ENOMEM
 *         others       what @find says
 */
int spec_read_bits(const char *s, const char *separators, int (*find)(const char *name), uint64_t *ret);

/**
 * spec_read_fields() - cut at colons
 * @s:                  fields with colons between them; a backslash keeps one from
 *                      dividing
 * @max:                how many there may be
 * @ret:                return location for the fields, at least one, possibly empty
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      there are more than @max
 *         -ENOMEM
 */
int spec_read_fields(const char *s, size_t max, char ***ret);
