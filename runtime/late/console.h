/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Console
 *
 * The supervisor's side of /dev/console: connected with our own terminal or
 * streams, or with nothing; but read in any case, so that whoever writes to it
 * in the guest never waits for a reader; and kept, see lib/base/console-log.h,
 * unless a person at our terminal runs nothing but a program of theirs.
 */

#include <systemd/sd-event.h>

#include "runtime/run.h"

typedef struct ConsoleLink ConsoleLink;

/* The person at it wants the machine gone, or went away. */
typedef void (*ConsoleEscaped)(void *userdata);

/* All that the guest wrote has come out. */
typedef void (*ConsoleEnded)(void *userdata);

/**
 * console_new() - connect the console as the spec says
 * @event:              event loop; a reference is taken
 * @run:                the run, which must outlive the object
 * @escaped:            called at most once
 * @ended:              called once, after console_finish() only
 * @userdata:           for both
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what relay_new() and sd-event run into
 */
int console_new(
                sd_event *event,
                Run *run,
                ConsoleEscaped escaped,
                ConsoleEnded ended,
                void *userdata,
                ConsoleLink **ret);

/**
 * console_free() - give our terminal back
 * @c:                  object to destroy, or NULL
 *
 * Return: NULL, always.
 */
ConsoleLink *console_free(ConsoleLink *c);
DEFINE_CLEANUP(ConsoleLink, console_free);

/**
 * console_finish() - the guest has ended: write what is left
 * @c:                  the object
 */
void console_finish(ConsoleLink *c);

/**
 * console_note() - add a line of ours to the console's log
 * @c:                  the object
 * @text:               what has happened to the machine
 */
void console_note(ConsoleLink *c, const char *text);

/* Whether what is typed at our terminal goes to the guest. */
bool console_is_interactive(const ConsoleLink *c);

/* The size of our terminal has changed, or we have been continued. */
void console_resize(ConsoleLink *c);
void console_resume(ConsoleLink *c);
