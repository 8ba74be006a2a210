/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Arguments and answers of what ends a machine, or limits it, for the rows of
 * operations.c.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/operation.h"

/* StopMachine(), behind the name: a{sv} options. */
int bus_read_stop(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr);

/* SetProperties(): b runtime, a(sv) properties. Names those that are none. */
int bus_read_limits(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr);

/* s how */
int bus_write_end(sd_bus_message *reply, const OperationAnswer *answer);
