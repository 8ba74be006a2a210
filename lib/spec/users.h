/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Users
 *
 * What --private-users= says, in words and in numbers.
 */

#include <stdio.h>

#include "lib/spec/spec.h"

/**
 * spec_set_private_users() - say which users a machine has
 * @spec:               spec to change
 * @value:              no, yes, pick, identity, managed or BASE[:COUNT], as the option takes it
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      none of these; or a range that begins with the host's root
 *                      or leaves the numbers that are users
 */
int spec_set_private_users(Spec *spec, const char *value);

/**
 * spec_describe_users() - tell which users a machine has
 * @spec:               the spec
 * @f:                  where to
 */
void spec_describe_users(const Spec *spec, FILE *f);
