/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Users and groups over Varlink
 *
 * io.systemd.Machine.MapFrom and MapTo: who a user or group of a machine is on the
 * host, and the other way round.
 */

#include "daemon/varlink/varlink-server.h"

void varlink_map_from(VarlinkServer *s, VarlinkCall *call);
void varlink_map_to(VarlinkServer *s, VarlinkCall *call);

extern const VarlinkField varlink_map_from_fields[];
extern const VarlinkField varlink_map_to_fields[];
