/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Targets
 *
 * Where something is to run, and as whom: NAME or USER@NAME.
 */

#include "lib/base/base.h"

/* The machine that the host is. */
#define LOCAL_HOST ".host"

/**
 * target_parse() - take a target apart
 * @target:             the target; without a name behind the @, it is the host
 * @user:               the user of a target that names none, or NULL
 * @ret_user:           return location for the user; NULL if there is none
 * @ret_machine:        return location for the machine
 *
 * Complaints are printed.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      nothing in front of the @
 *         -ENOMEM
 */
int target_parse(const char *target, const char *user, char **ret_user, char **ret_machine);
