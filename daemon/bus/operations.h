/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Operations on the bus
 *
 * What can be done with a machine, by its methods' names: the manager's methods
 * (KillMachine) and those of a machine's object (Kill) are two doors to the same
 * operation of the core. A row tells how to read its arguments and how to write
 * its answer; all else is the same for all.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/operation.h"

/* Handlers of all methods that are an operation; the method's name tells which. */
int bus_operate_from_manager(sd_bus_message *msg, void *userdata, sd_bus_error *reterr);
int bus_operate_from_machine(sd_bus_message *msg, void *userdata, sd_bus_error *reterr);

/* The same of org.berth's interfaces, whose methods are told apart from machine1's of the same name. */
int bus_operate_from_berth_manager(sd_bus_message *msg, void *userdata, sd_bus_error *reterr);
int bus_operate_from_berth_machine(sd_bus_message *msg, void *userdata, sd_bus_error *reterr);

/**
 * typedef BusAnswer - write an answer
 * @reply:              what goes to the caller
 * @answer:             what came of the operation
 *
 * Return: 0 on success, negative error code on failure.
 */
typedef int (*BusAnswer)(sd_bus_message *reply, const OperationAnswer *answer);

/**
 * bus_operate() - have something done, and tell the caller of it
 * @msg:                the method call
 * @request:            what it wishes for, but for who it is; taken over
 * @write:              how to answer, or NULL for an answer without arguments
 *
 * Return: 1 if the caller is told, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what finding out who the caller is runs into
 */
int bus_operate(sd_bus_message *msg, OperationRequest *request, BusAnswer write);

/* a(iay), as all that lists addresses has it. */
int bus_write_addresses(sd_bus_message *reply, const NetlinkAddress *addresses, size_t n);

/**
 * bus_cancel_copies() - give up copies that a caller has asked for
 * @msg:                the method call that wants it
 * @serial:             of the call that asked for the copy, or 0 for all of them
 *
 * Return: how many there were.
 */
int bus_cancel_copies(sd_bus_message *msg, uint64_t serial);

/* The descriptor that it is. */
int bus_write_fd(sd_bus_message *reply, const OperationAnswer *answer);

/* The path of the machine that the answer is about. */
int bus_write_machine(sd_bus_message *reply, const OperationAnswer *answer);
