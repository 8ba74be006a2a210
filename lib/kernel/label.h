/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Labels
 *
 * What a security module of the kernel is to take a program for: a context of
 * SELinux, or a profile of AppArmor. The kernel may have one of them, or none.
 */

#include "lib/base/base.h"

typedef enum LabelModule {
        LABEL_SELINUX,
        LABEL_APPARMOR,
        _LABEL_MODULE_MAX,
} LabelModule;

/* Whether the kernel has the module, and uses it. */
bool label_is_supported(LabelModule module);

/**
 * label_of_process() - tell which AppArmor profile confines a process
 * @pidfd:              pidfd of it
 * @ret:                return location for the profile, without its mode; NULL if none does,
 *                      or the kernel does not use AppArmor
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         others       what reading the attribute runs into
 */
int label_of_process(int pidfd, char **ret);

/**
 * label_set_exec() - choose the label of the program that we execute next
 * @proc_fd:            /proc, of our pid namespace
 * @module:             whose label it is
 * @label:              the label
 *
 * Reads it back: a label that was not taken is an error.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      the module does not know this label
 *         -EACCES      it does not let us have it
 *         -EOPNOTSUPP  it was not taken
 *         others       what writing or reading the attribute runs into
 */
int label_set_exec(int proc_fd, LabelModule module, const char *label);
