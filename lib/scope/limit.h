/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Limits
 *
 * Those properties of a unit that say how much of the host it gets, and can be
 * changed while it runs: what systemd calls them, the controller of cgroup v2
 * that each needs, and how the attributes of a control group say the same.
 */

#include "lib/scope/property.h"

/**
 * limit_check() - check whether a property is a limit
 * @p:                  the property
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_UNKNOWN_PROPERTY  it is none
 *         -EINVAL              it has another type
 */
int limit_check(const Property *p);

/**
 * limits_check_controllers() - check whether a host can keep limits
 * @limits:             checked by limit_check()
 * @controllers:        those that it has, separated by spaces; NULL: ask the kernel
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_CONTROLLER     one of them is missing
 */
int limits_check_controllers(const Properties *limits, const char *controllers);

/**
 * limit_format() - say a limit as a control group's attribute does
 * @p:                  the limit, checked by limit_check()
 * @ret_attribute:      return location for the name of the attribute
 * @ret_values:         return location for what to write there, one after the other
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOTBLK     it is about a path that is no block device
 *         others       what looking for the device runs into
 */
int limit_format(const Property *p, const char **ret_attribute, char ***ret_values);

/**
 * limits_apply() - write limits to a control group
 * @cgroup:             path of the control group
 * @limits:             checked by limit_check(), or NULL
 *
 * Return: 0 on success, negative error code on failure; some may have been written.
 * Errors: -E_NO_CONTROLLER     one of them needs a controller that is not there
 *         others               as limit_format(), or writing failed
 */
int limits_apply(const char *cgroup, const Properties *limits);

/**
 * limits_save() - read all limits of a control group
 * @cgroup:             path of the control group
 * @ret:                return location for them, for limits_restore(); free with strv_free()
 *
 * Return: 0 on success, also if there is no such group, negative error code on failure.
 * Errors: what reading attributes runs into
 */
int limits_save(const char *cgroup, char ***ret);

/**
 * limits_restore() - give a new control group the limits that another had
 * @cgroup:             path of the new one
 * @saved:              what limits_save() read off the other, or NULL
 *
 * What the new one has by itself is left alone, and what was for a device that
 * has been taken out since is left out.
 *
 * Return: 0 on success, negative error code on failure; some may have been written.
 * Errors: what reading or writing attributes runs into
 */
int limits_restore(const char *cgroup, char *const *saved);
