/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Authorization
 *
 * May the sender of this message do that? Root may; of others, polkit is asked,
 * without blocking: the handler gives up its turn, and sd-bus delivers the same
 * message to it again once the answer is there. A handler may therefore change
 * nothing before its check, and must look its object up anew each time.
 *
 *      handler(msg) -> authz_check() = 0, question sent     handler returns 1
 *      polkit's reply -> answer noted, msg queued again
 *      handler(msg) -> authz_check() = 1 or -EACCES         handler goes on
 *
 * On the private socket there is no polkit: there, root it is.
 */

#include <systemd/sd-bus.h>

#include "lib/base/base.h"

/* Answers that may be outstanding; a client could otherwise fill our memory. */
#define AUTHZ_QUESTIONS_MAX 1024

typedef struct Authz Authz;

typedef enum AuthzTrust {
        AUTHZ_TRUST_ROOT,       /* root is not asked about */
        AUTHZ_TRUST_NOBODY,     /* for tests, which may run as root */
} AuthzTrust;

/**
 * authz_new() - create an authorization context
 * @bus:                connection on which polkit is, or NULL: there is none; a
 *                      reference is taken
 * @trust:              who needs no answer of polkit
 * @ret:                return location for the context
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int authz_new(sd_bus *bus, AuthzTrust trust, Authz **ret);

/**
 * authz_free() - drop all questions
 * @a:                  the context, or NULL
 *
 * Return: NULL, always.
 */
Authz *authz_free(Authz *a);
DEFINE_CLEANUP(Authz, authz_free);

/**
 * authz_check() - check whether a message's sender may perform an action
 * @a:                  the context
 * @msg:                method call that is being handled
 * @action:             polkit action; a static string
 * @details:            NULL-terminated key, value, … shown to the admin and
 *                      matched by polkit rules, or NULL
 * @reterr:             where to describe a refusal
 *
 * A handler may check several actions, each of them once: the answer is
 * remembered by message and action, not by details.
 *
 * Return: 1 if allowed, 0 if the handler must return 1 and wait for its second
 *         turn, negative error code on failure.
 * Errors: -EACCES      refused, or polkit is not running
 *         -EBUSY       too many questions open
 *         others       sending the question failed
 */
int authz_check(
                Authz *a,
                sd_bus_message *msg,
                const char *action,
                const char *const *details,
                sd_bus_error *reterr);
