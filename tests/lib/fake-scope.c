/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "tests/lib/fake-scope.h"

static int note(FakeScope *f, const char *unit, ScopeDone done, void *userdata) {
        (void) snprintf(f->unit, sizeof(f->unit), "%s", unit);
        f->done = done;
        f->userdata = userdata;
        return 0;
}

static int fake_start_scope(ScopeBackend *b, const ScopeRequest *request, ScopeDone done, void *userdata) {
        FakeScope *f = (FakeScope *) b;

        if (f->refuses < 0)
                return f->refuses;

        f->n_started++;
        return note(f, request->unit, done, userdata);
}

static int fake_start_service(ScopeBackend *b, const char *machine, ScopeDone done, void *userdata) {
        FakeScope *f = (FakeScope *) b;

        f->n_services++;
        return note(f, machine, done, userdata);
}

static int fake_stop(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                ScopeDone done,
                void *userdata) {

        FakeScope *f = (FakeScope *) b;

        f->n_stopped++;
        return note(f, unit, done, userdata);
}

static int fake_set_properties(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                bool runtime,
                const Properties *limits,
                ScopeDone done,
                void *userdata) {

        FakeScope *f = (FakeScope *) b;

        f->n_limits += limits->n;
        f->runtime = runtime;
        return note(f, unit, done, userdata);
}

static int fake_retire(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                ScopeDone done,
                void *userdata) {

        FakeScope *f = (FakeScope *) b;

        f->n_retired++;
        (void) snprintf(f->retired, sizeof(f->retired), "%s", unit);
        f->retire_done = done;
        f->retire_userdata = userdata;
        return 0;
}

static int fake_freeze(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                bool frozen,
                ScopeDone done,
                void *userdata) {

        FakeScope *f = (FakeScope *) b;

        if (frozen)
                f->n_frozen++;
        else
                f->n_thawed++;
        return note(f, unit, done, userdata);
}

static void fake_release(ScopeBackend *b, const char *unit, _unused_ const char *cgroup) {
        FakeScope *f = (FakeScope *) b;

        f->n_released++;
        (void) snprintf(f->unit, sizeof(f->unit), "%s", unit);
}

static const ScopeOps fake_ops = {
        .start_scope = fake_start_scope,
        .start_service = fake_start_service,
        .stop = fake_stop,
        .set_properties = fake_set_properties,
        .retire = fake_retire,
        .freeze = fake_freeze,
        .release = fake_release,
};

void fake_scope_init(FakeScope *f) {
        *f = (FakeScope) { .backend.ops = &fake_ops };
}

void fake_scope_answer(FakeScope *f, int result) {
        ScopeDone done = f->done;

        assert(done);
        f->done = NULL;
        done(f->userdata, result);
}

void fake_scope_end_unit(FakeScope *f) {
        ScopeDone done = f->retire_done;

        assert(done);
        f->retire_done = NULL;
        done(f->retire_userdata, 0);
}
