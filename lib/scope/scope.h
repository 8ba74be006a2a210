/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Scopes
 *
 * Who keeps the processes of a machine together: systemd, or we ourselves on
 * hosts that it does not run. A unit is a control group with a name, a scope
 * around processes that are there already, or a service that is started. The
 * backends do the same behind one table, and never wait: the answer comes back
 * through a callback.
 */

#include <systemd/sd-event.h>

#include "lib/scope/property.h"

typedef struct ScopeBackend ScopeBackend;
typedef struct ScopeJob ScopeJob;

typedef struct ScopeRequest {
        const char *unit;               /* machine-NAME.scope */
        const char *description;
        pid_t leader;                   /* first process of the scope */
        int leader_fd;                  /* pidfd of it, borrowed */
        const Properties *properties;   /* the caller's wishes, which go before our own; or NULL */
} ScopeRequest;

/**
 * typedef ScopeDone - how a job has ended
 * @userdata:           what came with the request
 * @result:             0, or a negative error code
 *
 * Never called before the function that took the request has returned.
 */
typedef void (*ScopeDone)(void *userdata, int result);

typedef struct ScopeOps {
        /* Makes a scope. -E_JOB_FAILED: refused. -EEXIST: there is one of that name. -ESRCH: leader gone. */
        int (*start_scope)(ScopeBackend *b, const ScopeRequest *request, ScopeDone done, void *userdata);

        /* Starts the service that runs a machine, until it says that it is ready. */
        int (*start_service)(ScopeBackend *b, const char *machine, ScopeDone done, void *userdata);

        /* Waits for the end of a service's start, whoever has asked for that; done at once if it is
         * up. May be NULL: then nobody else starts any. -E_JOB_FAILED: it did not come up. */
        int (*await_start)(ScopeBackend *b, const char *unit, ScopeDone done, void *userdata);

        /* Ends a unit and all that is in it; done once that is on its way. The control group
         * is where the unit was seen, or NULL: where start_scope() puts it. */
        int (*stop)(ScopeBackend *b, const char *unit, const char *cgroup, ScopeDone done, void *userdata);

        /* Limits what a unit uses, checked by limit_check(), until it ends or, if not runtime and it is
         * a service of systemd's, for good. -E_NO_CONTROLLER: this host cannot. */
        int (*set_properties)(
                        ScopeBackend *b,
                        const char *unit,
                        const char *cgroup,
                        bool runtime,
                        const Properties *limits,
                        ScopeDone done,
                        void *userdata);

        /* Waits until a unit has ended by itself, to the last process; it is not started anew then, and
         * has not failed. Without @cgroup it is one that is being stopped. */
        int (*retire)(
                        ScopeBackend *b,
                        const char *unit,
                        const char *cgroup,
                        ScopeDone done,
                        void *userdata);

        /* Has all in a unit stand still, or go on; done when they do. -ETIMEDOUT: they do not in time,
         * and go on. -EOPNOTSUPP: this host cannot. */
        int (*freeze)(
                        ScopeBackend *b,
                        const char *unit,
                        const char *cgroup,
                        bool frozen,
                        ScopeDone done,
                        void *userdata);

        /* Ends what a machine of ours has left in its scope, when it has ended itself. */
        void (*release)(ScopeBackend *b, const char *unit, const char *cgroup);

        /* Frees the backend; jobs that are under way are never reported. */
        ScopeBackend *(*free)(ScopeBackend *b);
} ScopeOps;

/* Every backend begins with it. */
struct ScopeBackend {
        const ScopeOps *ops;
};

static inline void scope_backend_freep(ScopeBackend **b) {
        if (*b)
                (void) (*b)->ops->free(*b);
}

/* What takes longer to stand still is given up, before callers on the bus give up on us. */
#define SCOPE_FREEZE_USEC (10 * USEC_PER_SEC)

#define SCOPE_SLICE "machine.slice"

/* As machined and nspawn's template set it: the default of 4915 is for services. */
#define SCOPE_TASKS_MAX 16384
