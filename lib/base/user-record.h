/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * User records
 *
 * JSON that tells of a user or a group, for those who look users up in files of
 * /run/host/userdb and the like: see nss-systemd(8).
 */

#include "lib/base/base.h"

typedef struct UserRecord {
        const char *name;
        uint32_t uid, gid;
        const char *real_name;          /* or NULL, as are the others that follow */
        const char *home;
        const char *shell;
        char *const *groups;            /* those that it belongs to besides */
} UserRecord;

/**
 * user_record_format() - write what everybody may know of a user
 * @record:             the user
 * @ret:                return location for the text
 *
 * A real name that is no UTF-8 is left out.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      another field is no UTF-8
 *         -ENOMEM
 */
int user_record_format(const UserRecord *record, char **ret);

/**
 * user_record_format_secret() - write what only root may know of a user
 * @password:           its password, as crypt(3) has made it
 * @ret:                return location for the text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      no UTF-8
 *         -ENOMEM
 */
int user_record_format_secret(const char *password, char **ret);

/**
 * group_record_format() - write what everybody may know of a group
 * @name:               its name
 * @gid:                its number
 * @ret:                return location for the text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      no UTF-8
 *         -ENOMEM
 */
int group_record_format(const char *name, uint32_t gid, char **ret);
