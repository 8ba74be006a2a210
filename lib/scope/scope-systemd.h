/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Scopes by systemd
 *
 * Units are systemd's. There is one match rule on the bus, for the end of jobs,
 * however many machines there are, and no reference to any unit: dbus-daemon
 * allows 512 rules, and PID 1 spends one per referenced unit.
 */

#include <systemd/sd-bus.h>

#include "lib/scope/scope.h"

/**
 * scope_systemd_new() - talk to systemd
 * @bus:                connection to the bus that PID 1 is on; a reference is
 *                      taken. Tests put something else there.
 * @ret:                return location for the backend
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int scope_systemd_new(sd_bus *bus, ScopeBackend **ret);
