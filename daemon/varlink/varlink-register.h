/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Registration over Varlink
 *
 * io.systemd.Machine.Register, which stands for CreateMachine and RegisterMachine of
 * D-Bus: with allocateUnit the machine gets a scope of its own, else it stays in
 * the unit that it is in. Who calls this takes care of the machine's network.
 */

#include "daemon/varlink/varlink-server.h"

void varlink_register(VarlinkServer *s, VarlinkCall *call);

extern const VarlinkField varlink_register_fields[];
