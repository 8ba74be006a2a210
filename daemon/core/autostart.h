/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Autostart
 *
 * The machines that are to be started with the host: a file each, named like the
 * machine, with lines of KEY=value that an administrator may as well write by
 * hand. Who starts them is berthctl autostart; here they are only kept.
 */

#include "lib/base/base.h"

#define AUTOSTART_DIRECTORY "/etc/berth/autostart"

/* More dependencies of one machine are a mistake, and what is asked for is kept for good. */
#define AUTOSTART_NAMES_MAX 64
#define AUTOSTART_MACHINES_MAX 4096

/* Longer than anybody waits between machines. */
#define AUTOSTART_DELAY_MAX (24 * 3600 * USEC_PER_SEC)

typedef struct Autostart {
        char *name;
        unsigned order;         /* lower ones are started first; INT_MAX at most, as the bus has it */
        uint64_t delay_usec;    /* to wait before it is started, once it could be */
        char **after;           /* machines that are to be ready before, if they are started at all */
        char **requires;        /* the same; and without them it is not started */
} Autostart;

typedef struct Autostarts {
        Autostart *list;        /* by order, then by name */
        size_t n;
} Autostarts;

void autostart_done(Autostart *a);
void autostarts_done(Autostarts *a);

/**
 * autostart_check() - check what somebody wants to have kept
 * @a:                  that
 * @reterr_text:        return location for what is wrong, which is static
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL              not the names of machines, or its own; a delay beyond
 *                              AUTOSTART_DELAY_MAX
 *         -E_LIMITS_EXCEEDED   too many names
 */
int autostart_check(const Autostart *a, const char **reterr_text);

/**
 * autostart_parse() - read a file's text
 * @name:               name of the machine
 * @text:               the text
 * @ret:                return location for what it says
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: those of autostart_check(), and -EINVAL for what is no number
 */
int autostart_parse(const char *name, const char *text, Autostart *ret);

/**
 * autostart_format() - write a file's text
 * @a:                  what it shall say
 * @ret:                return location for the text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int autostart_format(const Autostart *a, char **ret);

/**
 * autostarts_load() - read all files
 * @directory:          where they are; if it is not there, there are none
 * @ret:                return location for what they say
 *
 * Of a file that makes no sense a warning is logged, and it is passed over: the
 * others are started all the same.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what reading the directory runs into
 */
int autostarts_load(const char *directory, Autostarts *ret);

/**
 * autostarts_set() - keep what is wanted of a machine
 * @directory:          where; it is made if it is not there
 * @a:                  what is wanted, in place of what was before
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ELOOP               it would have to be ready before itself
 *         -E_LIMITS_EXCEEDED   there are too many
 *         others               what writing the file runs into
 */
int autostarts_set(const char *directory, const Autostart *a);

/**
 * autostarts_remove() - keep nothing of a machine
 * @directory:          where
 * @name:               its name
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      there was nothing
 *         others       what removing the file runs into
 */
int autostarts_remove(const char *directory, const char *name);
