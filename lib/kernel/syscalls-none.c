/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Built without libseccomp, which knows the numbers. */

#include "lib/kernel/syscalls.h"

const uint32_t syscall_architectures[SYSCALL_ARCHITECTURES] = {};
const char *const syscall_groups[] = { NULL };
const size_t n_syscall_groups = 0;
const Syscall syscall_table[] = { { NULL, { -1, -1 }, 0 } };
const size_t n_syscalls = 0;
