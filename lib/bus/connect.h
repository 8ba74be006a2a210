/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The way to berthd
 *
 * On a host that systemd runs, berthd is on the system bus; on any other it
 * listens on a socket of its own, where it speaks D-Bus without a broker. Its
 * clients need not know: they ask here for a connection.
 */

#include <systemd/sd-bus.h>

#include "lib/base/base.h"

#define MACHINE1_NAME "org.freedesktop.machine1"
#define MACHINE1_PATH "/org/freedesktop/machine1"
#define MACHINE1_MANAGER MACHINE1_NAME ".Manager"
#define MACHINE1_MACHINE MACHINE1_NAME ".Machine"

#define BERTH_MANAGER "org.berth.Manager1"
#define BERTH_MACHINE "org.berth.Machine1"
#define BERTH_PROCESS "org.berth.Process1"

#define PRIVATE_SOCKET "/run/berth/bus"

/**
 * bus_connect() - open a connection to berthd
 * @ret:                return location for the connection, owned by the caller
 *
 * To the system bus, or to the private socket where systemd does not run the
 * host. BERTH_BUS in the environment is a D-Bus address that goes before both.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT, -ECONNREFUSED       nobody listens there
 *         others                       what sd-bus runs into
 */
int bus_connect(sd_bus **ret);

/**
 * bus_connect_shortly() - open the shortest connection to berthd that there is
 * @ret:                return location for the connection, owned by the caller
 *
 * As bus_connect(), but that root finds berthd on its private socket wherever it runs,
 * and spares the broker. It is not started there if it does not run: then it is the
 * system bus all the same.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as bus_connect()
 */
int bus_connect_shortly(sd_bus **ret);
