/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Registering machines over the bus
 *
 * The methods of the manager that a machine begins with: with a scope that is
 * made for it, or in the unit that it is in already; each in three forms, as the
 * list of arguments grew too long for the first two.
 */

#include <systemd/sd-bus.h>

/* Handler of CreateMachine() and RegisterMachine(), of ...WithNetwork() and ...Ex(). */
int bus_register(sd_bus_message *msg, void *userdata, sd_bus_error *reterr);
