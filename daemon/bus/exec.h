/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Exec on the bus
 *
 * How programs in machines are wished for, what is answered, and what their
 * objects are called: org.berth.Machine1.Exec() and org.berth.Process1.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/operation.h"

#define PROCESS_PATH_PREFIX "/org/berth/process"

/* As rows of operations.c have them. */
int bus_read_exec(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr);
int bus_write_exec(sd_bus_message *reply, const OperationAnswer *answer);

/**
 * process_path() - path of a program's object
 * @p:                  the program
 * @ret:                return location for the path
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int process_path(const Program *p, char **ret);
