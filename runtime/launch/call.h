/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * System calls without a C library
 *
 * A file in assembler for each kind of processor, and one that takes the C library after
 * all for those that have none.
 */

/**
 * launch_call() - ask the kernel
 * @number:             the system call
 * @a:                  its first argument, if it has one
 * @b:                  the second
 * @c:                  the third
 * @d:                  the fourth
 * @e:                  the fifth
 *
 * Return: what the kernel says, a negative error code on failure.
 * Errors: those of the system call
 */
long launch_call(long number, long a, long b, long c, long d, long e);

/**
 * launch() - all that the program does
 * @stack:              as a program finds it: the number of arguments, these, NULL, the
 *                      environment
 */
_Noreturn void launch(long *stack);
