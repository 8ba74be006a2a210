/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Wishes
 *
 * What --property= and --slice= say of the unit of a machine, for those places in
 * which we make it ourselves.
 */

#include "lib/scope/property.h"
#include "runtime/run.h"

/**
 * wishes_new() - make properties of what a spec says
 * @spec:               the spec, whose properties have been parsed before
 * @limits_only:        without those that a control group has no attribute for
 * @ret:                return location for the properties, see properties_done()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int wishes_new(const Spec *spec, bool limits_only, Properties *ret);
