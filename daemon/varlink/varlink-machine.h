/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * io.systemd.Machine
 *
 * The machines of this host over Varlink, as systemd's own clients ask for them.
 */

#include "daemon/varlink/varlink-server.h"

extern const VarlinkInterface varlink_machine_interface;
