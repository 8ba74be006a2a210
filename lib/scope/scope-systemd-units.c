/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done with units that are there: frozen, limited, and retired. */

#include "lib/base/errors.h"
#include "lib/kernel/cgroup.h"
#include "lib/scope/limit.h"
#include "lib/scope/property-bus.h"
#include "lib/scope/scope-systemd-private.h"

static void on_nobody_waits(_unused_ void *userdata, _unused_ int result) {
}

static int on_answered(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        systemd_job_finish(userdata, sd_bus_message_is_method_error(reply, NULL) ? systemd_error(reply) : 0);
        return 1;
}

static int call_freezer(
                Systemd *s,
                const char *method,
                const char *unit,
                sd_bus_message_handler_t on_reply,
                ScopeDone done,
                void *userdata) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(systemd_job_freep) ScopeJob *job = NULL;
        int r;

        r = systemd_job_new(s, done, userdata, &job);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_call(s->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "s", unit);
        if (r < 0)
                return r;

        job->unit = strdup(unit); /* for the way back */
        if (!job->unit)
                return -ENOMEM;

        r = sd_bus_call_async(s->bus, &job->call, m, on_reply, job, SCOPE_FREEZE_USEC);
        if (r < 0)
                return r;

        TAKE_PTR(job);
        return 0;
}

/* What cannot be frozen is in the middle of a system call that does not end: the others go on. */
static int on_frozen(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        ScopeJob *job = userdata;

        if (sd_bus_message_is_method_error(reply, NULL) && systemd_error(reply) == -ETIMEDOUT)
                (void) call_freezer(job->systemd, "ThawUnit", job->unit, on_answered, on_nobody_waits, NULL);

        return on_answered(reply, userdata, reterr);
}

int systemd_freeze(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                bool frozen,
                ScopeDone done,
                void *userdata) {

        return call_freezer((Systemd *) b, frozen ? "FreezeUnit" : "ThawUnit", unit,
                            frozen ? on_frozen : on_answered, done, userdata);
}

static int make_set_properties(
                Systemd *s,
                const char *unit,
                bool runtime,
                const Properties *limits,
                sd_bus_message **ret) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(s->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "SetUnitProperties");
        if (r >= 0)
                r = sd_bus_message_append(m, "sb", unit, (int) runtime);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "(sv)");
        if (r >= 0)
                r = properties_append(m, limits);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

int systemd_set_properties(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                bool runtime,
                const Properties *limits,
                ScopeDone done,
                void *userdata) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(systemd_job_freep) ScopeJob *job = NULL;
        Systemd *s = (Systemd *) b;
        int r;

        /* systemd takes what it cannot keep, and says nothing. */
        r = limits_check_controllers(limits, NULL);
        if (r < 0)
                return r;

        r = make_set_properties(s, unit, runtime, limits, &m);
        if (r < 0)
                return r;

        r = systemd_job_new(s, done, userdata, &job);
        if (r < 0)
                return r;

        r = sd_bus_call_async(s->bus, &job->call, m, on_answered, job, 0);
        if (r < 0)
                return r;

        TAKE_PTR(job);
        return 0;
}

/* If its processes were killed it would count as failed, and be listed until somebody looks. */
static void on_retired(void *userdata, _unused_ int result) {
        ScopeJob *job = userdata;
        ScopeDone done = job->done;
        void *done_userdata = job->userdata;

        (void) sd_bus_call_method_async(job->systemd->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                        "ResetFailedUnit", NULL, NULL, "s", job->unit);
        (void) systemd_job_free(job);
        done(done_userdata, 0);
}

/* For a unit that has ended this changes nothing, but for one that is about to be started anew. */
static int stop_retired(ScopeJob *job) {
        cgroup_watch_done(&job->watch);
        return systemd_call_unit(job->systemd, "StopUnit", job->unit, "replace", /* waits= */ true,
                                 on_retired, job);
}

static int on_emptied(
                _unused_ sd_event_source *source,
                _unused_ const struct inotify_event *e,
                void *userdata) {

        ScopeJob *job = userdata;

        if (cgroup_is_populated(job->unit_cgroup) <= 0 && stop_retired(job) < 0)
                on_retired(job, 0);
        return 0;
}

static int watch_unit(ScopeJob *job, const char *cgroup) {
        int r;

        job->unit_cgroup = strdup(cgroup);
        if (!job->unit_cgroup)
                return -ENOMEM;

        r = cgroup_watch(sd_bus_get_event(job->systemd->bus), cgroup, on_emptied, job, &job->watch);
        return r == -ENOENT ? 0 : r;
}

int systemd_retire(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                ScopeDone done,
                void *userdata) {

        _cleanup_(systemd_job_freep) ScopeJob *job = NULL;
        int r;

        r = systemd_job_new((Systemd *) b, done, userdata, &job);
        if (r < 0)
                return r;

        job->unit = strdup(unit);
        if (!job->unit)
                return -ENOMEM;

        r = cgroup ? watch_unit(job, cgroup) : 0;
        if (r < 0)
                return r;

        /* It may have emptied before we watched. */
        r = cgroup && cgroup_is_populated(cgroup) > 0 ? 0 : stop_retired(job);
        if (r < 0)
                return r;

        TAKE_PTR(job);
        return 0;
}
