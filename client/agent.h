/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Polkit's agent
 *
 * Who may not do something himself can be asked for a password, by a program of
 * polkit's on his terminal. It is started before the first call that polkit is
 * asked about, and ends with berthctl.
 */

#include "client/client.h"

/**
 * agent_start() - have somebody on the terminal who asks for passwords
 * @client:             the client, whose options may forbid it
 *
 * Does nothing where there is nothing to ask, or nobody: as root, on our own
 * socket, without a terminal. Without an agent polkit refuses, and says so: so
 * it is no failure if there is none.
 */
void agent_start(Client *client);

/* Ends it. */
void agent_stop(Client *client);
