/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sealed programs
 *
 * A program that enters a machine can be made to run itself there: what it
 * starts may be a link to /proc/self/exe, or a script for that interpreter.
 * The machine then holds a descriptor of the host's program file, and can
 * write to it as soon as nobody runs it (CVE-2019-5736). So such a program
 * first becomes a copy of itself in memory, which nobody can ever write to.
 */

#include "lib/base/base.h"

/**
 * sealed_copy() - make a copy in memory that nobody can ever write to
 * @fd:                 a program, open for reading
 *
 * Return: a descriptor to execute it by, or a negative error code on failure.
 * Errors: what memfd_create() or copying run into
 */
int sealed_copy(int fd);

/**
 * sealed_exec_self() - go on as a sealed copy of this program
 * @argv:               arguments for it: those of main()
 *
 * To be called first of all, as the program begins anew. In the copy it does
 * nothing.
 *
 * Return: 0 if this is a sealed copy, negative error code on failure.
 * Errors: what memfd_create(), copying or fexecve() run into
 */
int sealed_exec_self(char *const *argv);

/**
 * sealed_program() - take the directory that this program was executed out of
 *
 * A launcher may hand it on, as execveat() is given it. Of a mount that is attached nowhere it keeps
 * the kernel from dropping that, which takes a while: whoever closes it last does so when nobody
 * waits. To be asked for before any other descriptor is opened.
 *
 * Return: the descriptor, or -EBADF if there is none.
 */
int sealed_program(void);

/**
 * sealed_exec_read_only() - go on as this program, out of a read-only mount
 * @argv:               arguments for it: those of main()
 *
 * For programs that stay, many at a time: it is the same file, whose memory
 * they share, but what /proc/PID/exe opens cannot be written to. The mount is
 * attached nowhere. Where that cannot be had, a sealed copy it is.
 *
 * Return: 0 if nothing is left to do, negative error code on failure.
 * Errors: what open_tree(), mount_setattr() or fexecve() run into, or what
 *         sealed_exec_self() does
 */
int sealed_exec_read_only(char *const *argv);
