/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Users of the guest
 *
 * Looked up in its own /etc/passwd and /etc/group, which are read as the
 * hostile text that they are; nothing of the image is executed for it.
 */

#include "lib/base/base.h"

#define USER_GROUPS_MAX 64

typedef struct User {
        char *name;
        char *home;
        char *shell;
        uid_t uid;
        gid_t gid;
        gid_t groups[USER_GROUPS_MAX];
        size_t n_groups;
} User;

/**
 * user_find() - look a user up
 * @root_fd:            the guest's root directory
 * @name:               name or number; a number needs no entry
 * @ret:                return location for what is known of it
 *
 * Root is always there, entry or not.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       no such user
 *         others       reading the files failed
 */
int user_find(int root_fd, const char *name, User *ret);

void user_done(User *user);

/**
 * user_become() - become that user, for good
 * @user:               who
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what setgroups(), setresgid() and setresuid() run into
 */
int user_become(const User *user);
