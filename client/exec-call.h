/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The call that starts a program in a machine
 *
 * org.berth.Machine1.Exec(): its arguments, and its answer.
 */

#include <systemd/sd-bus.h>

#include "client/stdio.h"
#include "lib/base/base.h"

typedef struct ExecRequest {
        const char *machine;
        const char *user;               /* name or number in the machine; NULL: root */
        const char *directory;          /* to start in; NULL: wherever the daemon prefers */
        char *const *argv;              /* empty: the user's shell */
        char *const *environment;       /* NAME=value, or NULL */
        bool terminal;                  /* on a terminal of the machine, connected with ours */
        bool says_so;                   /* says how to leave that */
        bool detach;                    /* prints its pid instead of waiting for it */
} ExecRequest;

typedef struct ExecAnswer {
        char *path;                     /* of the daemon's object for the process; NULL: no answer yet */
        uint32_t pid;
        int pidfd;
        int master;                     /* of its terminal, or -EBADF */
} ExecAnswer;

#define EXEC_ANSWER_INIT { .pidfd = -EBADF, .master = -EBADF }

void exec_answer_done(ExecAnswer *a);

/**
 * exec_call_new() - make the call
 * @bus:                connection to the daemon
 * @request:            what to run
 * @stdio:              what to give it, unless that is a terminal
 * @ret:                return location for the call
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int exec_call_new(sd_bus *bus, const ExecRequest *request, const Stdio *stdio, sd_bus_message **ret);

/**
 * exec_answer_read() - read the answer
 * @m:                  the answer
 * @a:                  as EXEC_ANSWER_INIT, to be given to exec_answer_done() in any case
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBADMSG     it is not what it should be
 *         -ENOMEM
 */
int exec_answer_read(sd_bus_message *m, ExecAnswer *a);
