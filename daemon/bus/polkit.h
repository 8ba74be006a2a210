/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Polkit
 *
 * The authority on hosts that have a system bus: questions go to polkit without
 * blocking, and may take as long as somebody types a password. Callers that are
 * on the bus are named to it by their unique name, all others by their process.
 * Where there is no bus nobody but root may do what takes asking.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/authority.h"

/* Answers that may be outstanding, in all and for one user; clients could
 * otherwise fill our memory, and one user keep all others from being asked. */
#define POLKIT_QUESTIONS_MAX 1024
#define POLKIT_QUESTIONS_PER_USER 128

typedef struct Polkit Polkit;

/**
 * polkit_new() - get ready to ask
 * @bus:                connection on which polkit is, or NULL: there is none; a
 *                      reference is taken
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int polkit_new(sd_bus *bus, Polkit **ret);

/**
 * polkit_free() - drop all questions
 * @p:                  the object, or NULL
 *
 * Return: NULL, always.
 */
Polkit *polkit_free(Polkit *p);
DEFINE_CLEANUP(Polkit, polkit_free);

/* Polkit as the core knows it; as long as the object is there. */
Authority polkit_authority(Polkit *p);
