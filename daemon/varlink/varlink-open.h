/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Terminals over Varlink
 *
 * io.systemd.Machine.Open: a terminal in a machine, alone, or with a login prompt
 * or a shell.
 */

#include "daemon/varlink/varlink-server.h"

void varlink_open(VarlinkServer *s, VarlinkCall *call);

extern const VarlinkField varlink_open_fields[];
