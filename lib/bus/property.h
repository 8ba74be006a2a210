/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Properties of units in messages.
 */

#include <systemd/sd-bus.h>

#include "lib/spec/property.h"

/**
 * bus_append_property() - append a (sv) to an open array of a message
 * @m:                  message, inside an array a(sv)
 * @p:                  the property
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int bus_append_property(sd_bus_message *m, const SpecProperty *p);
