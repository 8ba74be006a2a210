/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Pending replies
 *
 * A method call whose answer takes time. The core is given one of these as the
 * userdata of its callback, and knows nothing of what is in it.
 */

#include <systemd/sd-bus.h>

#include "lib/base/base.h"

typedef struct Pending {
        sd_bus_message *msg;
        char *what;             /* "Cannot terminate machine 'web'" */
} Pending;

/**
 * pending_new() - keep a method call until its answer is there
 * @msg:                the call; a reference is taken
 * @ret:                return location for the new object
 * @format:             what the client is told could not be done, on failure
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int pending_new(sd_bus_message *msg, Pending **ret, const char *format, ...) _printf_(3, 4);

Pending *pending_free(Pending *p);
DEFINE_CLEANUP(Pending, pending_free);

/**
 * pending_fail() - answer with an error
 * @p:                  the call; freed
 * @error:              negative error code
 * @where:              what failed in particular, or NULL
 */
void pending_fail(Pending *p, int error, const char *where);

/**
 * pending_reply() - answer with nothing but success, or an error
 * @userdata:           the call; freed
 * @result:             0, or a negative error code
 *
 * A ScopeDone.
 */
void pending_reply(void *userdata, int result);

/**
 * pending_send() - answer
 * @p:                  the call; freed
 * @reply:              the answer
 */
void pending_send(Pending *p, sd_bus_message *reply);
