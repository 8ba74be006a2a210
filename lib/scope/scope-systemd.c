/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/scope/property-bus.h"
#include "lib/scope/scope-systemd-private.h"
#include "lib/scope/scope-systemd.h"

ScopeJob *systemd_job_free(ScopeJob *job) {
        if (!job)
                return NULL;

        if (job->previous)
                job->previous->next = job->next;
        else if (job->systemd->jobs == job)
                job->systemd->jobs = job->next;
        if (job->next)
                job->next->previous = job->previous;

        sd_bus_slot_unref(job->call);
        sd_bus_message_unref(job->retry);
        cgroup_watch_done(&job->watch);
        free(job->unit_cgroup);
        free(job->unit);
        free(job->path);
        free(job);
        return NULL;
}
int systemd_job_new(Systemd *s, ScopeDone done, void *userdata, ScopeJob **ret) {
        ScopeJob *job;

        job = malloc(sizeof(*job));
        if (!job)
                return -ENOMEM;

        *job = (ScopeJob) {
                .systemd = s,
                .next = s->jobs,
                .done = done,
                .userdata = userdata,
                .waits = true,
        };
        if (s->jobs)
                s->jobs->previous = job;
        s->jobs = job;

        *ret = job;
        return 0;
}

void systemd_job_finish(ScopeJob *job, int result) {
        ScopeDone done = job->done;
        void *userdata = job->userdata;

        (void) systemd_job_free(job);
        done(userdata, result);
}

int systemd_error(sd_bus_message *reply) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        if (sd_bus_error_has_name(e, SYSTEMD_NAME ".UnitExists"))
                return -EEXIST;
        if (sd_bus_error_has_name(e, SYSTEMD_NAME ".NoSuchUnit"))
                return -ENOENT;
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_PROPERTY) ||
            sd_bus_error_has_name(e, SD_BUS_ERROR_PROPERTY_READ_ONLY))
                return -E_UNKNOWN_PROPERTY;

        return -sd_bus_message_get_errno(reply);
}

static int on_queued(sd_bus_message *reply, void *userdata, sd_bus_error *reterr);

/* PIDFDs came with systemd 255. */
static bool is_about_pidfds(sd_bus_message *reply) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        return sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_PROPERTY) ||
                sd_bus_error_has_name(e, SD_BUS_ERROR_PROPERTY_READ_ONLY);
}

static int try_again(ScopeJob *job) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = TAKE_PTR(job->retry);

        job->systemd->no_pidfds = true;
        job->call = sd_bus_slot_unref(job->call);
        return sd_bus_call_async(job->systemd->bus, &job->call, m, on_queued, job, 0);
}

static int on_queued(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        ScopeJob *job = userdata;
        const char *path;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                r = job->retry && is_about_pidfds(reply) ? try_again(job) : systemd_error(reply);
                if (r < 0)
                        systemd_job_finish(job, r);
                return 1;
        }

        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0 || !job->waits) {
                systemd_job_finish(job, r < 0 ? r : 0);
                return 1;
        }

        job->path = strdup(path);
        if (!job->path)
                systemd_job_finish(job, -ENOMEM);
        return 1;
}

/* Units have one job at a time. */
static void finish_awaited(Systemd *s, const char *unit, int result) {
        ScopeJob *next;

        for (ScopeJob *job = s->jobs; job; job = next) {
                next = job->next;
                if (job->is_starting && streq(job->unit, unit))
                        systemd_job_finish(job, result);
        }
}

static int on_job_removed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Systemd *s = userdata;
        const char *path, *unit, *result;
        int r;

        r = sd_bus_message_read(m, "uoss", NULL, &path, &unit, &result);
        if (r < 0)
                return 0;

        finish_awaited(s, unit, streq(result, "done") ? 0 : -E_JOB_FAILED);

        for (ScopeJob *job = s->jobs; job; job = job->next)
                if (streq_ptr(job->path, path)) {
                        systemd_job_finish(job, streq(result, "done") ? 0 : -E_JOB_FAILED);
                        break;
                }

        return 0;
}

static int append_processes(sd_bus_message *m, const ScopeRequest *request, bool pidfds) {
        return pidfds ? sd_bus_message_append(m, "(sv)", "PIDFDs", "ah", 1, request->leader_fd)
                      : sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t) request->leader);
}

static int append_properties(sd_bus_message *m, const ScopeRequest *request, bool pidfds) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "(sv)");
        if (r < 0)
                return r;

        r = append_processes(m, request, pidfds);
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)",
                                  "Slice", "s", SCOPE_SLICE,
                                  "Description", "s", request->description,
                                  "Delegate", "b", true,
                                  "CollectMode", "s", "inactive-or-failed",
                                  "TasksMax", "t", (uint64_t) SCOPE_TASKS_MAX);
        if (r < 0)
                return r;

        /* Last, so that they win. */
        r = properties_append(m, request->properties);
        if (r < 0)
                return r;

        return sd_bus_message_close_container(m);
}

static int make_request(Systemd *s, const ScopeRequest *request, bool pidfds, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(s->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "StartTransientUnit");
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "ss", request->unit, "fail");
        if (r < 0)
                return r;

        r = append_properties(m, request, pidfds);
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

static int systemd_start_scope(
                ScopeBackend *b,
                const ScopeRequest *request,
                ScopeDone done,
                void *userdata) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(systemd_job_freep) ScopeJob *job = NULL;
        Systemd *s = (Systemd *) b;
        int r;

        r = systemd_job_new(s, done, userdata, &job);
        if (r < 0)
                return r;

        r = make_request(s, request, !s->no_pidfds, &m);
        if (r < 0)
                return r;

        if (!s->no_pidfds) {
                r = make_request(s, request, false, &job->retry);
                if (r < 0)
                        return r;
        }

        r = sd_bus_call_async(s->bus, &job->call, m, on_queued, job, 0);
        if (r < 0)
                return r;

        TAKE_PTR(job); /* waits on s->jobs from here on */
        return 0;
}

int systemd_call_unit(
                Systemd *s,
                const char *method,
                const char *unit,
                const char *mode,
                bool waits,
                ScopeDone done,
                void *userdata) {

        _cleanup_(systemd_job_freep) ScopeJob *job = NULL;
        int r;

        r = systemd_job_new(s, done, userdata, &job);
        if (r < 0)
                return r;

        job->waits = waits;
        r = sd_bus_call_method_async(s->bus, &job->call, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method,
                                     on_queued, job, "ss", unit, mode);
        if (r < 0)
                return r;

        TAKE_PTR(job);
        return 0;
}

static int systemd_start_service(ScopeBackend *b, const char *machine, ScopeDone done, void *userdata) {
        _cleanup_free_ char *unit = NULL;
        int r;

        r = machine_service_name(machine, &unit);
        if (r < 0)
                return r;

        return systemd_call_unit((Systemd *) b, "StartUnit", unit, "fail", /* waits= */ true, done,
                                 userdata);
}

static int on_active_state(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        ScopeJob *job = userdata;
        const char *state;
        int r;

        r = sd_bus_message_is_method_error(reply, NULL) ? systemd_error(reply)
                                                       : sd_bus_message_read(reply, "v", "s", &state);

        /* What systemd tells comes in its order: the end of the job is yet to come. */
        if (r >= 0 && streq(state, "activating"))
                job->is_starting = true;
        else
                systemd_job_finish(job, r < 0 || streq(state, "active") ? r : -E_JOB_FAILED);
        return 1;
}

static int systemd_await_start(ScopeBackend *b, const char *unit, ScopeDone done, void *userdata) {
        _cleanup_(systemd_job_freep) ScopeJob *job = NULL;
        _cleanup_free_ char *label = NULL, *path = NULL;
        Systemd *s = (Systemd *) b;
        int r;

        r = bus_label_escape(unit, &label);
        if (r >= 0)
                r = text_printf(&path, SYSTEMD_PATH "/unit/%s", label);
        if (r >= 0)
                r = systemd_job_new(s, done, userdata, &job);
        if (r < 0)
                return r;

        job->unit = strdup(unit);
        if (!job->unit)
                return -ENOMEM;

        r = sd_bus_call_method_async(s->bus, &job->call, SYSTEMD_NAME, path,
                                     "org.freedesktop.DBus.Properties", "Get", on_active_state, job,
                                     "ss", SYSTEMD_NAME ".Unit", "ActiveState");
        if (r < 0)
                return r;

        TAKE_PTR(job);
        return 0;
}

static int systemd_stop(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                ScopeDone done,
                void *userdata) {

        /* It goes before a start that may still be queued, of a creation that was cut short. */
        return systemd_call_unit((Systemd *) b, "StopUnit", unit, "replace", /* waits= */ false, done,
                                 userdata);
}

static void on_nobody_waits(_unused_ void *userdata, _unused_ int result) {
}

static void systemd_release(ScopeBackend *b, const char *unit, const char *cgroup) {
        /* A scope that is empty ends by itself; with a thousand of them, not asking matters. */
        if (cgroup && cgroup_is_populated(cgroup) == 0)
                return;

        (void) systemd_stop(b, unit, cgroup, on_nobody_waits, NULL);
}

static ScopeBackend *systemd_free(ScopeBackend *b) {
        Systemd *s = (Systemd *) b;

        if (!s)
                return NULL;

        while (s->jobs)
                (void) systemd_job_free(s->jobs);
        sd_bus_slot_unref(s->job_removed);
        sd_bus_unref(s->bus);
        free(s);
        return NULL;
}

static const ScopeOps systemd_ops = {
        .start_scope = systemd_start_scope,
        .start_service = systemd_start_service,
        .await_start = systemd_await_start,
        .stop = systemd_stop,
        .set_properties = systemd_set_properties,
        .retire = systemd_retire,
        .freeze = systemd_freeze,
        .release = systemd_release,
        .free = systemd_free,
};

int scope_systemd_new(sd_bus *bus, ScopeBackend **ret) {
        _cleanup_(scope_backend_freep) ScopeBackend *b = NULL;
        Systemd *s;
        int r;

        assert(bus);
        assert(ret);

        s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;

        *s = (Systemd) { .backend.ops = &systemd_ops, .bus = sd_bus_ref(bus) };
        b = &s->backend;

        r = sd_bus_match_signal_async(bus, &s->job_removed, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                      "JobRemoved", on_job_removed, NULL, s);
        if (r < 0)
                return r;

        /* PID 1 sends signals about jobs to nobody unless somebody has asked. */
        r = sd_bus_call_method_async(bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe",
                                     NULL,
                                     NULL, NULL);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(b);
        return 0;
}
