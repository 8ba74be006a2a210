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
        unsigned n_started, n_services, n_stopped, n_released, n_frozen, n_thawed;
        char unit[256];         /* the last one */
        ScopeDone done;         /* of the job that is under way */
        void *userdata;
} FakeScope;

void fake_scope_init(FakeScope *f);

/* Ends the job that is under way. */
void fake_scope_answer(FakeScope *f, int result);
