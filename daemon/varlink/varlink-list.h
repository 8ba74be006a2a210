/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lists of machines
 *
 * io.systemd.Machine.List: one reply per machine, made as fast as the client reads
 * them, and if wanted with what only a look into the machine tells.
 */

#include "daemon/varlink/varlink-server.h"

void varlink_list(VarlinkServer *s, VarlinkCall *call);

extern const VarlinkField varlink_list_fields[];
