/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Users of a machine
 *
 * Looked up in the machine's own /etc/passwd and /etc/group, which anybody may
 * have written: a line that is not exactly as passwd(5) has it is passed over.
 */

#include "lib/base/base.h"

typedef struct GuestUser {
        char *name;
        uid_t uid;
        gid_t gid;
        char *home;
        char *shell;
        gid_t *groups;          /* supplementary ones */
        size_t n_groups;
} GuestUser;

void guest_user_done(GuestUser *user);

/**
 * guest_user_parse() - find a user in the text of passwd and group
 * @passwd:             text of passwd(5)
 * @group:              text of group(5)
 * @who:                name or number
 * @ret:                return location for the user
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such user
 *         -ENOMEM
 */
int guest_user_parse(const char *passwd, const char *group, const char *who, GuestUser *ret);

/**
 * guest_user_read() - find a user in a machine
 * @root_fd:            the machine's root directory
 * @who:                name or number
 * @ret:                return location for the user
 *
 * A machine without a passwd file has root all the same.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such user
 *         others       what beneath_read() runs into
 */
int guest_user_read(int root_fd, const char *who, GuestUser *ret);

/**
 * guest_table_read() - read a machine's table of users or groups
 * @root_fd:            the machine's root directory
 * @name:               "passwd" or "group"
 * @ret:                return location for its text, "" if there is none
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what beneath_read() runs into
 */
int guest_table_read(int root_fd, const char *name, char **ret);

/**
 * guest_table_has() - look for a name or a number in the text of such a table
 * @text:               text of passwd(5) or group(5)
 * @name:               the name, or NULL
 * @id:                 the number
 *
 * Whoever else reads the table may be less strict than guest_user_parse() is: here
 * every line counts.
 *
 * Return: whether a line has either.
 */
bool guest_table_has(const char *text, const char *name, uint32_t id);
