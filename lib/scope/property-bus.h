/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Properties on the bus
 *
 * The passage between properties as plain data and D-Bus messages.
 */

#include <systemd/sd-bus.h>

#include "lib/scope/property.h"

/* More than any unit has, and few enough to hold for every caller. */
#define PROPERTIES_MAX 512

/**
 * properties_read() - read a(sv) from a message
 * @m:                  message, which stands before the array
 * @ret:                return location for the list; free by properties_done()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      file descriptors are among the values
 *         -E2BIG       more than PROPERTIES_MAX
 *         others       the message is not of that form
 */
int properties_read(sd_bus_message *m, Properties *ret);

/**
 * properties_append() - append (sv) structures to an open array of a message
 * @m:                  message, inside an array a(sv)
 * @p:                  what to append, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int properties_append(sd_bus_message *m, const Properties *p);

/**
 * properties_append_dictionary() - append properties as a{sv} to a message
 * @m:                  the message
 * @p:                  what to append, each name once, or NULL for none
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int properties_append_dictionary(sd_bus_message *m, const Properties *p);
