/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The system bus of a guest
 *
 * Reached by its socket beneath the guest's root directory, as the guest's own
 * root user: its bus knows nobody else of ours. Whoever listens there is not
 * believed, and has a limit of time.
 */

#include <systemd/sd-bus.h>

#include "daemon/worker/worker.h"

/**
 * guest_bus_open() - connect to the bus of a guest
 * @job:                the job; its descriptors are the guest's root directory,
 *                      and its user namespace if it has one
 * @ret:                return location for the connection
 *
 * This process stays in that user namespace: the job must be one that runs
 * alone.
 *
 * Return: 0 on success, negative error code on failure, which has been said with
 *         job_fail().
 * Errors: -ENOENT      it has no bus
 *         others       what entering and connecting run into
 */
int guest_bus_open(Job *job, sd_bus **ret);

/**
 * guest_bus_call_systemd() - have the guest's systemd do something
 * @job:                the job
 * @msg:                a call of its manager, see guest_bus_new_call()
 * @reterr:             what it answers on failure
 *
 * Return: 0 on success, negative error code on failure, which has been said with
 *         job_fail().
 * Errors: -ETIMEDOUT   it does not answer
 *         others       what it says
 */
int guest_bus_call_systemd(Job *job, sd_bus_message *msg, sd_bus_error *reterr);

/**
 * guest_bus_new_call() - begin a call of the manager of the guest's systemd
 * @bus:                the guest's bus
 * @method:             what to call
 * @ret:                return location for the message
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int guest_bus_new_call(sd_bus *bus, const char *method, sd_bus_message **ret);
