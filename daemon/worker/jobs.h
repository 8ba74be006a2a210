/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a worker can do
 *
 * Each returns 0, or a negative error code; a row each in main.c.
 */

#include "daemon/worker/worker.h"
#include "lib/kernel/program.h"

/* files.c; fd: the guest's root directory */
int job_os_release(Job *job);           /* answers with the text of the file */
int job_root_directory(Job *job);       /* answers with a descriptor to read it with */

/* journal.c; fds: the guest's root directory and mount namespace; argument: the machine's id */
int job_journal(Job *job);              /* answers with a descriptor of the directory */

/* terminal.c; fds: the guest's root directory, and its user namespace if it has one.
 * All answer with the master and the terminal's path in the guest. */
int job_pty(Job *job);
int job_login(Job *job);                /* joins the namespace */
int job_shell(Job *job);                /* the same; USER PROGRAM N ARGUMENT… ASSIGNMENT… */

/* addresses.c; fd: the guest's network namespace, or none for the host's */
int job_addresses(Job *job);            /* answers with an array of NetlinkAddress */

/* copies.c; fds: the guest's root directory, and its user namespace if it has users
 * of its own; arguments: source, destination, "replace" or "". Their progress is
 * the number of bytes, an uint64_t. */
int job_copy_from(Job *job);
int job_copy_to(Job *job);

/* bind.c; fds: the guest's root directory and mount namespace; arguments: source,
 * destination, "read-only" or "", "mkdir" or "" */
int job_bind(Job *job);

/* exec.c; fds: the guest's root directory, its leader's pidfd, and what becomes
 * descriptors 0, 1 and 2, of those that are passed; arguments: user or "", directory
 * or "", rows and columns of the terminal or 0, its modes or "", "terminal" or which
 * descriptors are passed as "101", number of the following that are arguments; all
 * others are assignments of the environment. Tells of progress with a ProgramStarted,
 * answers with a ProgramEnded. */
int job_exec(Job *job);

/* exec.c; fd: the guest's root directory; arguments: path of the terminal there, device,
 * inode and number of its identity, rows, columns */
int job_resize(Job *job);
