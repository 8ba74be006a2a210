/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Polkit's agent
 *
 * Who may not do something himself can be asked for a password, by a program of
 * polkit's on his terminal. It is started before the first call that polkit is
 * asked about, and ends with berthctl. What only looks starts none, and has nobody
 * asked: there may be a thousand machines in a list.
 */

#include "client/client.h"

/**
 * agent_start() - let polkit ask for passwords, and have somebody on the terminal who does
 * @client:             the client, connected; its options may forbid it
 *
 * Starts nobody where there is nothing to ask, or nobody: as root, on our own
 * socket, without a terminal. There may be an agent of the desktop's; without any,
 * polkit refuses, and says so: so it is no failure if there is none.
 */
void agent_start(Client *client);

/* Ends it. */
void agent_stop(Client *client);
