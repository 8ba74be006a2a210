/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * System calls
 *
 * Their names, numbers and groups. The table is made while building, by
 * lib/kernel/make-syscalls.c, and empty where the build had no libseccomp.
 */

#include "lib/base/base.h"

/* The one that we are built for, and the one whose programs its kernel runs too. */
#define SYSCALL_ARCHITECTURES 2

typedef struct Syscall {
        const char *name;
        int numbers[SYSCALL_ARCHITECTURES];     /* negative where there is no such call */
        uint32_t groups;                        /* bits, by the index in syscall_groups */
} Syscall;

extern const uint32_t syscall_architectures[SYSCALL_ARCHITECTURES];     /* AUDIT_ARCH_…, 0: none */
extern const char *const syscall_groups[];                              /* "@aio" … */
extern const size_t n_syscall_groups;
extern const Syscall syscall_table[];                                   /* by name */
extern const size_t n_syscalls;
