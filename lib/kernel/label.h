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
 * label_of_process() - tell what a process is taken for that we are not
 * @pidfd:              pidfd of it
 * @module:             whose label is asked for
 * @ret:                return location for its context, or its profile, without its mode; NULL
 *                      if it is not confined, or as we are, or the kernel has not the module
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         others       what reading the attribute runs into
 */
int label_of_process(int pidfd, LabelModule module, char **ret);

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

/**
 * label_check_exec() - look whether a label is chosen for the program that we execute next
 * @proc_fd:            /proc, of our pid namespace
 * @module:             whose label it is
 * @label:              the label
 *
 * Return: 0 if it is, negative error code if not.
 * Errors: -EOPNOTSUPP  another is, or none
 *         others       what reading the attribute runs into
 */
int label_check_exec(int proc_fd, LabelModule module, const char *label);
