/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Authority
 *
 * Who decides whether a caller may do what: polkit, behind a table that the
 * door to it fills (daemon/bus/polkit.h). The core asks, and is told later; it
 * keeps nothing meanwhile that could go away.
 */

#include "lib/base/base.h"

/* For Caller.uid: nobody has asked yet. */
#define CALLER_UNKNOWN ((uid_t) -1)

/* Somebody at one of our doors, as the kernel or the broker tells. */
typedef struct Caller {
        uid_t uid;              /* effective, or CALLER_UNKNOWN */
        int pidfd;              /* of its process, or -EBADF; owned */
        char *bus_name;         /* unique name on polkit's bus, or NULL; owned */
        bool interactive;       /* may be asked for a password */
} Caller;

/* Frees what it holds; it is empty afterwards. */
void caller_done(Caller *caller);

/**
 * typedef AuthorityDone - the answer to a question
 * @userdata:           what came with it
 * @verdict:            1 if it is granted, else a negative error code: -EACCES,
 *                      -E_INTERACTION_REQUIRED
 * @text:               why not, or NULL
 */
typedef void (*AuthorityDone)(void *userdata, int verdict, const char *text);

typedef struct Authority {
        /* @ask: ask whether @caller may do @action
         *
         * @details are pairs of key and value, with NULL behind, which an
         * administrator's rules may look at. @done is never called before this
         * returns, and once at most: not if the authority goes away.
         *
         * Return: 0 if @done will be called, negative error code if not.
         * Errors: -EACCES              there is nobody to ask
         *         -E_LIMITS_EXCEEDED   too many questions are open
         */
        int (*ask)(void *authority, const Caller *caller, const char *action, const char *const *details,
                   AuthorityDone done, void *userdata);
        void *authority;
} Authority;
