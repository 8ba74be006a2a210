/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Terminals beside the console
 *
 * The supervisor's side of those that --ttys= asks for, on which the guest's init runs
 * logins. Each is a socket of the host, TTYS_DIRECTORY/MACHINE.NUMBER, that only root
 * reaches: who connects is at that terminal until somebody else does, and who leaves
 * types the end of it, which ends a shell. What is written while nobody is there is lost,
 * and nobody inside waits because of that.
 */

#include <systemd/sd-event.h>

#include "runtime/run.h"

#define TTYS_DIRECTORY "/run/berth/ttys"

typedef struct Ttys Ttys;

/**
 * ttys_new() - let others reach the terminals
 * @event:              event loop; a reference is taken
 * @run:                the run, which has the terminals, and must outlive the object
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what making directories and sockets runs into
 */
int ttys_new(sd_event *event, Run *run, Ttys **ret);

/**
 * ttys_free() - hang up
 * @t:                  object to destroy, or NULL
 *
 * Return: NULL, always.
 */
Ttys *ttys_free(Ttys *t);
DEFINE_CLEANUP(Ttys, ttys_free);
