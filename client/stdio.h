/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Standard input, output and error of a program in a machine
 *
 * Pipes and sockets are given to it as they are: nobody stands between, and they
 * end as they do for any program. What has a name on the host is not: with a
 * terminal the machine could type what the person at it never did, a file it could
 * open again for writing, or take for its own. Of these it gets a pipe, and we bring
 * along what goes through it.
 */

#include <systemd/sd-event.h>

#include "lib/base/base.h"
#include "lib/kernel/pump.h"

#define STDIO_N 3

typedef struct Stdio Stdio;

/* One of those that we bring along. */
typedef struct StdioPipe {
        Stdio *stdio;
        int fd;                         /* our end; -EBADF: none */
        Pump *pump;
        sd_event_source *io;
} StdioPipe;

struct Stdio {
        int given[STDIO_N];             /* what the program gets; -EBADF: nothing */
        StdioPipe pipes[STDIO_N];
        bool finishing;
        int (*on_end)(void *userdata);  /* all is written, see stdio_finish() */
        void *userdata;
};

#define STDIO_INIT { \
        .given = { -EBADF, -EBADF, -EBADF }, \
        .pipes = { { .fd = -EBADF }, { .fd = -EBADF }, { .fd = -EBADF } } }

/**
 * stdio_open() - prepare what a program is to be given
 * @s:                  as STDIO_INIT, to be given to stdio_done() in any case; stays
 *                      where it is
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what pipe2() runs into
 */
int stdio_open(Stdio *s);

/**
 * stdio_start() - the program has them: let go of them, and bring along the rest
 * @s:                  what was prepared
 * @event:              the event loop
 *
 * Input and output of ours that it got itself are /dev/null from here on: when it
 * closes them, who is on the other side is to see that.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what pump_new() and sd-event run into
 */
int stdio_start(Stdio *s, sd_event *event);

/**
 * stdio_finish() - the program has ended: write what it has said
 * @s:                  the streams
 * @on_end:             called when that is done
 * @userdata:           given to @on_end
 *
 * Return: what @on_end returned if all is done already, otherwise 0; negative error
 *         code on failure.
 * Errors: those of pump_finish() and @on_end
 */
int stdio_finish(Stdio *s, int (*on_end)(void *userdata), void *userdata);

void stdio_done(Stdio *s);
