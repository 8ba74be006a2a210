/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A person's terminal
 *
 * Connected with one in a machine, on an event loop: keys go there, what is said
 * there goes to the screen, and so does every change of its size. Pipes and files
 * may stand in its place; see lib/kernel/relay.h.
 */

#include <systemd/sd-event.h>

#include "lib/base/base.h"
#include "lib/kernel/relay.h"

typedef struct Terminal Terminal;

typedef struct TerminalOptions {
        int master;                     /* of the machine's terminal; borrowed */
        const char *detach_keys;        /* as for relay_new() */
        /* It has ended, or failed: @r is negative. Called at most once; what it
         * returns goes to the event loop. */
        int (*on_end)(int r, RelayEnd end, void *userdata);
        void *userdata;
} TerminalOptions;

/**
 * terminal_new() - connect the terminals
 * @event:              the event loop
 * @options:            what to connect
 * @ret:                return location for the connection
 *
 * Blocks the signals that tell of its size and that it is ours again, and ignores
 * SIGPIPE.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what relay_new() and sd-event run into
 */
int terminal_new(sd_event *event, const TerminalOptions *options, Terminal **ret);

/**
 * terminal_free() - disconnect, and give the person's terminal back
 * @t:                  the connection, or NULL
 *
 * Begins a new line on the screen, if something stands in the last one.
 *
 * Return: NULL, always.
 */
Terminal *terminal_free(Terminal *t);
DEFINE_CLEANUP(Terminal, terminal_free);

/**
 * terminal_finish() - end as soon as all has been written that is there
 * @t:                  the connection
 *
 * For when the machine has gone.
 *
 * Return: what on_end() returned if that was it, otherwise 0; negative error code
 *         on failure.
 * Errors: those of on_end()
 */
int terminal_finish(Terminal *t);

/**
 * terminal_finish_soon() - end when the terminal is hung up, but soon in any case
 * @t:                  the connection
 *
 * For when the program there has ended: what it wrote last is on its way still,
 * and the terminal hangs up behind it. But programs that it left in the background
 * may keep the terminal; who waited for those would wait for ever.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-event runs into
 */
int terminal_finish_soon(Terminal *t);

/**
 * terminal_add_variables() - have a program know what kind of terminal the person's is
 * @environment:        list of NAME=value to extend; what is there already stays
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int terminal_add_variables(char ***environment);
