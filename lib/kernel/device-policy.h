/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Device policy
 *
 * Which devices the processes of a control group may make nodes of, read and
 * write: a program that the kernel asks, for this group and all below it. Those
 * of groups above are asked as well, and each can refuse.
 */

#include "lib/base/base.h"

typedef enum DeviceAccess {
        DEVICE_MAKE = 1 << 0,
        DEVICE_READ = 1 << 1,
        DEVICE_WRITE = 1 << 2,
        DEVICE_USE = DEVICE_READ | DEVICE_WRITE,
        DEVICE_ALL = DEVICE_MAKE | DEVICE_USE,
} DeviceAccess;

#define DEVICE_MINOR_ANY (-1)

typedef struct DeviceRule {
        bool block;             /* otherwise a character device */
        unsigned major;
        int minor;              /* or DEVICE_MINOR_ANY */
        DeviceAccess access;
} DeviceRule;

#define DEVICE_RULES_MAX 256

/**
 * device_policy_find() - look whether a control group has a policy of its own
 * @cgroup_fd:          directory of the control group
 *
 * Return: 1 if it has, 0 if not, negative error code on failure.
 * Errors: what bpf() runs into
 */
int device_policy_find(int cgroup_fd);

/**
 * device_policy_attach() - give a control group a policy
 * @cgroup_fd:          directory of the control group
 * @rules:              what is allowed; all else is refused
 * @n_rules:            number of these, at most DEVICE_RULES_MAX
 *
 * It is there as long as the group is. Other policies go on being asked.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E2BIG       too many rules
 *         -ENOSYS      the kernel has no such programs, or a filter hides them
 *         -EPERM       we may not
 */
int device_policy_attach(int cgroup_fd, const DeviceRule *rules, size_t n_rules);
