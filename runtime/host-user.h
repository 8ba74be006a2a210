/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Users of the host
 *
 * Who is to be shown inside: what the host's user database knows of them, and who
 * they are there.
 */

#include "lib/base/base.h"

typedef struct HostUser {
        char *name;
        char *real_name;
        char *home;
        char *shell;
        char *password;         /* as crypt(3) has made it, or NULL: it has none to log in with */
        char *group;            /* name of its own one */
        uid_t uid;
        gid_t gid;
        uint32_t inside_uid, inside_gid;
        bool shares_group;      /* with one of those before it */
        int home_fd;            /* a mount of its home, detached */
} HostUser;

/**
 * host_user_find() - look a user of the host up
 * @name:               its name
 * @ret:                return location for what is known, see host_user_done(); who it
 *                      is inside is not
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       no such user
 *         -EPERM       root, or nobody
 *         -ENOMEM
 */
int host_user_find(const char *name, HostUser *ret);

void host_user_done(HostUser *user);
