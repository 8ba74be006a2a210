/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Programs
 *
 * What somebody has had berthd start in a machine, for as long as it runs. A
 * process of berth-exec waits for the end of each; who ends that, or berthd, ends
 * none of the programs: they are only not known any more.
 */

#include "lib/base/base.h"
#include "lib/kernel/program.h"

typedef struct Programs Programs;
typedef struct Program Program;

/* Strings and the descriptor are owned by the program. */
typedef struct ProgramInfo {
        uint64_t id;                    /* from 1 on, and never given twice; 0: it does not run yet */
        char *machine;
        pid_t leader;                   /* of that machine, and since when it has been there */
        uint64_t since;
        uid_t caller;                   /* who has asked for it */
        char **command;
        char *user;                     /* in the machine, as the number is */
        uid_t uid;
        pid_t pid;
        int pidfd;
        char *terminal;                 /* its path in the machine, or NULL */
        TerminalIdentity terminal_identity;
        uint64_t ticket;                /* of who waits for it, see workers_cancel() */
} ProgramInfo;

/* How one has ended. */
typedef enum ProgramEnd {
        PROGRAM_EXITED,                 /* with a status */
        PROGRAM_KILLED,                 /* by a signal */
        PROGRAM_DUMPED,                 /* by a signal, and its memory was kept */
        PROGRAM_LOST,                   /* nobody knows: who waited for it was ended */
        _PROGRAM_END_MAX,
} ProgramEnd;

/* Told of the end of a program that is freed afterwards. */
typedef void (*ProgramListener)(void *userdata, const Program *p, ProgramEnd how, int status);

/**
 * programs_new() - make an empty list
 * @ret:                return location for the list
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int programs_new(Programs **ret);

/**
 * programs_free() - forget all programs
 * @list:               the list, or NULL
 *
 * They go on, and nobody is told.
 *
 * Return: NULL, always.
 */
Programs *programs_free(Programs *list);

/* Who is told of ends, from now on; NULL: nobody. */
void programs_listen(Programs *list, ProgramListener listener, void *userdata);

/**
 * programs_find() - find a program that runs
 * @list:               the list
 * @id:                 its id
 *
 * Return: the program, or NULL.
 */
Program *programs_find(Programs *list, uint64_t id);

/* The one behind @p, or the first one; NULL behind the last. Also those that do not run yet. */
Program *programs_next(Programs *list, Program *p);

/**
 * program_new() - note that a program is to be started
 * @list:               the list that it will be in; it must stay as long
 * @userdata:           for who starts it
 * @ret:                return location for the program
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int program_new(Programs *list, void *userdata, Program **ret);

/* Forgets it; it goes on. */
Program *program_free(Program *p);

/* It runs: from now on it can be found. All but its id is known by now. */
void program_started(Program *p);

/* It has ended: the listener is told if it was found, and it is freed. */
void program_ended(Program *p, ProgramEnd how, int status);

const ProgramInfo *program_info(const Program *p);

/* For who starts it. */
ProgramInfo *program_info_edit(Program *p);
void *program_userdata(const Program *p);

const char *program_end_to_string(ProgramEnd how);
