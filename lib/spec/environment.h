/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Environment
 *
 * Switches that systemd-nspawn has in its environment and nowhere else, for those who
 * debug or have an odd image. Those that are not here are told of, not ignored.
 */

#include "lib/spec/spec.h"

/**
 * spec_read_environment() - do what our environment says
 * @spec:               spec to change, before anything else has
 * @reterr_text:        return location for what is wrong, to be freed
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a valid value
 *         -ENOMEM
 */
int spec_read_environment(Spec *spec, char **reterr_text);
