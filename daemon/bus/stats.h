/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Statistics on the bus
 *
 * What a machine uses, as org.berth.Machine1.GetStats() tells it: a{sv}.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/stats.h"

/**
 * bus_write_stats() - append what a machine uses
 * @reply:              message to append to
 * @stats:              what it uses
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int bus_write_stats(sd_bus_message *reply, const MachineStats *stats);
