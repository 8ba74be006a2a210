/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * System call filter
 *
 * What a process and all that it becomes and makes may ask of the kernel. A
 * filter begins by knowing no system call at all: each is answered as by a
 * kernel that has none of it, with ENOSYS, so that programs fall back to older
 * ones. Other answers are added by name or group, compiled into a program for
 * the kernel, and loaded.
 *
 * The answer to what is always allowed does not depend on arguments, and the
 * kernel remembers it: such calls cost next to nothing.
 */

#include <linux/filter.h>

#include "lib/base/base.h"

typedef struct SyscallFilter SyscallFilter;

typedef enum SyscallAnswer {
        SYSCALL_UNKNOWN,        /* ENOSYS */
        SYSCALL_ALLOWED,
        SYSCALL_REFUSED,        /* EPERM */
        _SYSCALL_ANSWER_MAX,
} SyscallAnswer;

/* An exception by arguments from what is allowed. The kernel looks at the lower
 * half of those that are an int, and so does this. */
typedef struct SyscallException {
        const char *name;
        int error;              /* the answer, an errno */
        unsigned n_arguments;
        struct {
                unsigned index;
                uint32_t value;
        } arguments[2];         /* all of which must be equal */
} SyscallException;

typedef struct SyscallProgram {
        struct sock_filter *instructions;
        unsigned short n_instructions;
} SyscallProgram;

/* Whether this build knows system calls. */
bool syscall_filter_is_supported(void);

/**
 * syscall_filter_new() - create a filter that allows nothing
 * @ret:                return location for the filter
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EOPNOTSUPP  this build knows no system calls
 *         -ENOMEM
 */
int syscall_filter_new(SyscallFilter **ret);

/**
 * syscall_filter_free() - destroy a filter
 * @filter:             filter to destroy, or NULL
 *
 * What is loaded stays.
 *
 * Return: NULL, always.
 */
SyscallFilter *syscall_filter_free(SyscallFilter *filter);
DEFINE_CLEANUP(SyscallFilter, syscall_filter_free);

/**
 * syscall_filter_set() - choose the answer to a call, or to a group of them
 * @filter:             filter to change
 * @name:               name, or that of a group with an @ before it
 * @answer:             the answer, which replaces an earlier one
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       there is no such call or group
 */
int syscall_filter_set(SyscallFilter *filter, const char *name, SyscallAnswer answer);

/**
 * syscall_filter_answer() - what a filter answers, but for exceptions
 * @filter:             the filter
 * @name:               name of a call
 *
 * Return: the answer; SYSCALL_UNKNOWN for what there is not.
 */
SyscallAnswer syscall_filter_answer(const SyscallFilter *filter, const char *name);

/**
 * syscall_filter_compile() - make a filter what the kernel takes
 * @filter:             the filter
 * @exceptions:         exceptions from what it allows
 * @n_exceptions:       number of these
 * @ret:                return location for the program, see syscall_program_done()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E2BIG       more than the kernel takes
 *         -ENOMEM
 */
int syscall_filter_compile(
                const SyscallFilter *filter,
                const SyscallException *exceptions,
                size_t n_exceptions,
                SyscallProgram *ret);

/**
 * syscall_program_load() - have the kernel apply a filter to this process, for good
 * @program:            the program
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EACCES      we may still gain privileges by exec(), and lack CAP_SYS_ADMIN
 *         -EINVAL      the kernel has no filters
 */
int syscall_program_load(const SyscallProgram *program);

void syscall_program_done(SyscallProgram *program);
