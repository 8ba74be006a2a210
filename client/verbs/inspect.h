/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Verbs that look
 *
 * Each is in the file of its name.
 */

#include "client/client.h"

int verb_list(Client *client, char *const *args);
int verb_status(Client *client, char *const *args);
int verb_logs(Client *client, char *const *args);
int verb_show(Client *client, char *const *args);
int verb_stats(Client *client, char *const *args);
int verb_check(Client *client, char *const *args);
int verb_events(Client *client, char *const *args);
