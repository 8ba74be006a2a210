/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/scope/limit.h"
#include "lib/scope/property-bus.h"
#include "lib/scope/scope-systemd.h"
#include "lib/scope/watch.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

typedef struct Systemd {
        ScopeBackend backend;
        sd_bus *bus;
        sd_bus_slot *job_removed;
        bool no_pidfds;         /* PID 1 is older than the property PIDFDs */
        ScopeJob *jobs;
} Systemd;

/* A call to PID 1, and then the job that it has queued for it. */
struct ScopeJob {
        Systemd *systemd;
        ScopeJob *next, *previous;
        sd_bus_slot *call;
        char *path;             /* object path of the job, once we know it */
        char *unit;             /* of freeze(), retire() and await_start() only */
        char *unit_cgroup;      /* of retire() only */
        CgroupWatch watch;
        ScopeDone done;
        void *userdata;
        bool waits;             /* for the job's end, not only for its begin */
        bool is_starting;       /* of await_start(): the unit has a job of somebody else's */

        /* of start_scope() only, for a second try without PIDFDs */
        sd_bus_message *retry;
};

static ScopeJob *job_free(ScopeJob *job) {
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
DEFINE_CLEANUP(ScopeJob, job_free);

static int job_new(Systemd *s, ScopeDone done, void *userdata, ScopeJob **ret) {
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

static void job_finish(ScopeJob *job, int result) {
        ScopeDone done = job->done;
        void *userdata = job->userdata;

        (void) job_free(job);
        done(userdata, result);
}

static int error_of_reply(sd_bus_message *reply) {
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
                r = job->retry && is_about_pidfds(reply) ? try_again(job) : error_of_reply(reply);
                if (r < 0)
                        job_finish(job, r);
                return 1;
        }

        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0 || !job->waits) {
                job_finish(job, r < 0 ? r : 0);
                return 1;
        }

        job->path = strdup(path);
        if (!job->path)
                job_finish(job, -ENOMEM);
        return 1;
}

/* Units have one job at a time. */
static void finish_awaited(Systemd *s, const char *unit, int result) {
        ScopeJob *next;

        for (ScopeJob *job = s->jobs; job; job = next) {
                next = job->next;
                if (job->is_starting && streq(job->unit, unit))
                        job_finish(job, result);
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
                        job_finish(job, streq(result, "done") ? 0 : -E_JOB_FAILED);
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
        _cleanup_(job_freep) ScopeJob *job = NULL;
        Systemd *s = (Systemd *) b;
        int r;

        r = job_new(s, done, userdata, &job);
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

static int call_unit(
                Systemd *s,
                const char *method,
                const char *unit,
                const char *mode,
                bool waits,
                ScopeDone done,
                void *userdata) {

        _cleanup_(job_freep) ScopeJob *job = NULL;
        int r;

        r = job_new(s, done, userdata, &job);
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

        return call_unit((Systemd *) b, "StartUnit", unit, "fail", /* waits= */ true, done, userdata);
}

static int on_active_state(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        ScopeJob *job = userdata;
        const char *state;
        int r;

        r = sd_bus_message_is_method_error(reply, NULL) ? error_of_reply(reply)
                                                       : sd_bus_message_read(reply, "v", "s", &state);

        /* What systemd tells comes in its order: the end of the job is yet to come. */
        if (r >= 0 && streq(state, "activating"))
                job->is_starting = true;
        else
                job_finish(job, r < 0 || streq(state, "active") ? r : -E_JOB_FAILED);
        return 1;
}

static int systemd_await_start(ScopeBackend *b, const char *unit, ScopeDone done, void *userdata) {
        _cleanup_(job_freep) ScopeJob *job = NULL;
        _cleanup_free_ char *label = NULL, *path = NULL;
        Systemd *s = (Systemd *) b;
        int r;

        r = bus_label_escape(unit, &label);
        if (r >= 0)
                r = text_printf(&path, SYSTEMD_PATH "/unit/%s", label);
        if (r >= 0)
                r = job_new(s, done, userdata, &job);
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
        return call_unit((Systemd *) b, "StopUnit", unit, "replace", /* waits= */ false, done, userdata);
}

static void on_nobody_waits(_unused_ void *userdata, _unused_ int result) {
}

static int on_answered(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        job_finish(userdata, sd_bus_message_is_method_error(reply, NULL) ? error_of_reply(reply) : 0);
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
        _cleanup_(job_freep) ScopeJob *job = NULL;
        int r;

        r = job_new(s, done, userdata, &job);
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

        if (sd_bus_message_is_method_error(reply, NULL) && error_of_reply(reply) == -ETIMEDOUT)
                (void) call_freezer(job->systemd, "ThawUnit", job->unit, on_answered, on_nobody_waits, NULL);

        return on_answered(reply, userdata, reterr);
}

static int systemd_freeze(
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

static int systemd_set_properties(
                ScopeBackend *b,
                const char *unit,
                _unused_ const char *cgroup,
                bool runtime,
                const Properties *limits,
                ScopeDone done,
                void *userdata) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(job_freep) ScopeJob *job = NULL;
        Systemd *s = (Systemd *) b;
        int r;

        /* systemd takes what it cannot keep, and says nothing. */
        r = limits_check_controllers(limits, NULL);
        if (r < 0)
                return r;

        r = make_set_properties(s, unit, runtime, limits, &m);
        if (r < 0)
                return r;

        r = job_new(s, done, userdata, &job);
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
        (void) job_free(job);
        done(done_userdata, 0);
}

/* For a unit that has ended this changes nothing, but for one that is about to be started anew. */
static int stop_retired(ScopeJob *job) {
        cgroup_watch_done(&job->watch);
        return call_unit(job->systemd, "StopUnit", job->unit, "replace", /* waits= */ true, on_retired, job);
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

static int systemd_retire(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                ScopeDone done,
                void *userdata) {

        _cleanup_(job_freep) ScopeJob *job = NULL;
        int r;

        r = job_new((Systemd *) b, done, userdata, &job);
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
                (void) job_free(s->jobs);
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
