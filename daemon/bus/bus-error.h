/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Errors on the bus
 */

#include <systemd/sd-bus.h>

#include "lib/base/base.h"

/**
 * bus_error() - tell a client what went wrong
 * @reterr:             where to describe it
 * @error:              negative error code, -errno or one of ours
 * @format:             what could not be done, of what; the cause follows
 *
 * Return: what a handler has to return.
 */
int bus_error(sd_bus_error *reterr, int error, const char *format, ...) _printf_(3, 4);

/**
 * bus_error_text() - tell a client what went wrong, in words that say it all
 * @reterr:             where to describe it
 * @error:              negative error code, -errno or one of ours
 * @text:               what it is told
 *
 * Return: what a handler has to return.
 */
int bus_error_text(sd_bus_error *reterr, int error, const char *text);
