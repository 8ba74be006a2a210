/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who calls, and which machine is meant
 *
 * What most methods of io.systemd.Machine have in common: a machine is meant by
 * its name, or by a process that belongs to it.
 */

#include "daemon/varlink/varlink-context.h"

/* Rows of VarlinkField, for the tables of these methods. */
#define VARLINK_LOOKUP_FIELDS                                           \
        { "name", VARLINK_STRING },                                     \
        { "pid", VARLINK_ANY },                                         \
        { "allowInteractiveAuthentication", VARLINK_BOOL }

/* A process as clients write it. */
typedef struct VarlinkProcess {
        pid_t pid;              /* 0: the caller */
        uint64_t pidfd_id;      /* inode of its pidfd, or 0 */
} VarlinkProcess;

/**
 * varlink_process_read() - read a process
 * @j:                  a number, the same as a string, or an object
 * @ret:                return location for the process
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      it is no process
 */
int varlink_process_read(json_t *j, VarlinkProcess *ret);

/**
 * varlink_caller_read() - read who is calling
 * @call:               the call, before VarlinkListener.called() returns
 * @ret:                return location for the caller
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what duplicating a descriptor runs into
 */
int varlink_caller_read(VarlinkCall *call, Caller *ret);

/* Whether the call says at all which machine is meant. */
bool varlink_names_machine(VarlinkCall *call);

/**
 * varlink_find_machine() - find the machine that is meant
 * @s:                  the server
 * @call:               the call; gone if this fails, as that is then the answer
 *
 * Return: the machine, or NULL.
 */
Machine *varlink_find_machine(VarlinkServer *s, VarlinkCall *call);
