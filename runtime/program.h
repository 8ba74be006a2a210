/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The payload's program
 *
 * An image may try to have us execute ourselves: a program that is a link to
 * /proc/self/exe, or a script or a binary that names it as its interpreter,
 * would run the host's berth-run inside, where the guest can then open it for
 * writing (CVE-2019-5736 and its kin). So what the kernel is going to open is
 * opened here first, in the same order, with magic links refused.
 */

#include "lib/base/base.h"

/**
 * program_check() - check that a program of the guest is one of the guest's
 * @root_fd:            the guest's root directory
 * @path:               path of the program in it
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such program, or its interpreter is missing
 *         -ELOOP       it leads through a magic link
 *         -ENOEXEC     an interpreter that is no absolute path, or a header
 *                      that is not understood
 *         others       opening or reading failed
 */
int program_check(int root_fd, const char *path);
