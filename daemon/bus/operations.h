/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Operations
 *
 * What can be done with a machine over the bus. The manager's methods (KillMachine)
 * and those of a machine's object (Kill) are two doors to the same function here,
 * which authorizes, acts and replies. Each is given the message, read up to what
 * names the machine, and reads the rest of its arguments itself.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/machine.h"

/**
 * typedef Operation - one of them
 * @msg:                the method call
 * @m:                  the machine that it is about
 * @reterr:             where to describe a failure
 *
 * Return: 1 if it has replied, or will; negative error code on failure.
 */
typedef int (*Operation)(sd_bus_message *msg, Machine *m, sd_bus_error *reterr);

int operation_terminate(sd_bus_message *msg, Machine *m, sd_bus_error *reterr);
int operation_kill(sd_bus_message *msg, Machine *m, sd_bus_error *reterr);
int operation_unregister(sd_bus_message *msg, Machine *m, sd_bus_error *reterr);
int operation_get_addresses(sd_bus_message *msg, Machine *m, sd_bus_error *reterr);
int operation_get_os_release(sd_bus_message *msg, Machine *m, sd_bus_error *reterr);
int operation_open_root_directory(sd_bus_message *msg, Machine *m, sd_bus_error *reterr);
