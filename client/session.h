/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sessions
 *
 * A person's terminal, connected to one in a machine, until the program there
 * ends, the machine does, or the person presses ^] three times.
 */

#include "client/client.h"
#include "lib/base/base.h"

typedef struct Session {
        const char *machine;    /* for messages, and to see it go */
        int master;             /* of the machine's terminal */
        int peer;               /* its other side, kept open as long as the program runs; or -EBADF */
        int pidfd;              /* the program, if it is a child of ours; or -EBADF */
} Session;

static inline void session_done(Session *session) {
        closep(&session->master);
        closep(&session->peer);
        closep(&session->pidfd);
}

/**
 * session_run() - connect the terminals, and wait for the end
 * @session:            what to connect to; its descriptors stay the caller's
 * @client:             the client; its bus tells when the machine goes
 *
 * Return: exit status of the program if it is a child of ours, as a shell has
 *         it, otherwise 0; negative error code on failure.
 * Errors: what relay_new() and sd-event run into
 */
int session_run(Session *session, Client *client);
