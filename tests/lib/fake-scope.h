/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A scope backend that only notes what it is asked for, and answers when, and
 * what, the test wants.
 */

#include "lib/scope/scope.h"

typedef struct FakeScope {
        ScopeBackend backend;
        int refuses;            /* error that start_scope() returns, or 0 */
        unsigned n_started, n_services, n_stopped, n_released, n_frozen, n_thawed, n_retired;
        char unit[256];         /* the last one */
        size_t n_limits;        /* that were set, and for how long */
        bool runtime;
        char retired[256];      /* the unit whose end is waited for */
        ScopeDone retire_done;
        void *retire_userdata;
        ScopeDone done;         /* of the job that is under way */
        void *userdata;
} FakeScope;

void fake_scope_init(FakeScope *f);

/* Tells that the unit has ended whose end is waited for. */
void fake_scope_end_unit(FakeScope *f);

/* Ends the job that is under way. */
void fake_scope_answer(FakeScope *f, int result);
