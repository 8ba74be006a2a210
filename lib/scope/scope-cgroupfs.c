/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <stdio.h>

#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/process.h"
#include "lib/scope/freezer.h"
#include "lib/scope/limit.h"
#include "lib/scope/scope-cgroupfs.h"
#include "lib/scope/service-fork.h"
#include "lib/scope/watch.h"

#define SLICE_PATH "/" SCOPE_SLICE

typedef struct Cgroupfs {
        ScopeBackend backend;
        sd_event *event;
        Services *services;
        Freezer *freezer;
        ScopeJob *jobs;
} Cgroupfs;

/* What is to be done when the loop comes round: tell the end of something, or
 * remove a control group once it is empty. */
struct ScopeJob {
        Cgroupfs *cgroupfs;
        ScopeJob *next, *previous;
        sd_event_source *source;
        CgroupWatch watch;
        char *cgroup;
        ScopeDone done;
        void *userdata;
        int result;
};

static ScopeJob *job_free(ScopeJob *job) {
        if (!job)
                return NULL;

        if (job->previous)
                job->previous->next = job->next;
        else if (job->cgroupfs->jobs == job)
                job->cgroupfs->jobs = job->next;
        if (job->next)
                job->next->previous = job->previous;

        sd_event_source_disable_unref(job->source);
        cgroup_watch_done(&job->watch);
        free(job->cgroup);
        free(job);
        return NULL;
}
DEFINE_CLEANUP(ScopeJob, job_free);

static int job_new(Cgroupfs *c, ScopeJob **ret) {
        ScopeJob *job;

        job = malloc(sizeof(*job));
        if (!job)
                return -ENOMEM;

        *job = (ScopeJob) { .cgroupfs = c, .next = c->jobs };
        if (c->jobs)
                c->jobs->previous = job;
        c->jobs = job;

        *ret = job;
        return 0;
}

static int on_told(_unused_ sd_event_source *source, void *userdata) {
        ScopeJob *job = userdata;
        ScopeDone done = job->done;
        void *done_userdata = job->userdata;
        int result = job->result;

        (void) job_free(job);
        done(done_userdata, result);
        return 0;
}

/* Calls back in the loop's next round: our callers must have returned by then. */
static int tell_later(Cgroupfs *c, int result, ScopeDone done, void *userdata) {
        _cleanup_(job_freep) ScopeJob *job = NULL;
        int r;

        r = job_new(c, &job);
        if (r < 0)
                return r;

        job->result = result;
        job->done = done;
        job->userdata = userdata;

        r = sd_event_add_defer(c->event, &job->source, on_told, job);
        if (r < 0)
                return r;

        TAKE_PTR(job); /* waits on c->jobs from here on */
        return 0;
}

static int on_cgroup_event(
                _unused_ sd_event_source *source,
                _unused_ const struct inotify_event *e,
                void *userdata) {

        ScopeJob *job = userdata;

        if (cgroup_is_populated(job->cgroup) > 0)
                return 0;

        (void) cgroup_remove(job->cgroup);
        (void) job_free(job);
        return 0;
}

/* Removes a control group, now or when its last process has gone. */
static int remove_when_empty(Cgroupfs *c, const char *cgroup) {
        _cleanup_(job_freep) ScopeJob *job = NULL;
        int r;

        r = cgroup_remove(cgroup);
        if (r != -EBUSY)
                return r;

        r = job_new(c, &job);
        if (r < 0)
                return r;

        job->cgroup = strdup(cgroup);
        if (!job->cgroup)
                return -ENOMEM;

        r = cgroup_watch(c->event, cgroup, on_cgroup_event, job, &job->watch);
        if (r < 0)
                return r;

        /* It may have emptied before we watched. */
        if (cgroup_is_populated(cgroup) <= 0)
                return cgroup_remove(cgroup);

        TAKE_PTR(job);
        return 0;
}

/* What systemd wants to know of a scope, and we do anyway. */
static bool is_granted(const Property *p) {
        static const char *const names[] = { "CollectMode", "Delegate", "Description" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], p->name))
                        return true;

        return false;
}

static int apply_property(const char *cgroup, const Property *p) {
        int r;

        if (is_granted(p))
                return 0;

        r = limit_check(p);
        if (r < 0)
                return r == -E_UNKNOWN_PROPERTY ? -EOPNOTSUPP : r;

        return limits_apply(cgroup, &(const Properties) { .list = (Property *) p, .n = 1 });
}

static int apply_properties(const char *cgroup, const Properties *properties) {
        int r;

        /* A limit that nobody asked for may be missing, where the controllers are still on v1. */
        if (!properties_find(properties, "TasksMax")) {
                char value[16];

                (void) snprintf(value, sizeof(value), "%i", SCOPE_TASKS_MAX);
                (void) cgroup_write(cgroup, "pids.max", value);
        }

        for (size_t i = 0; properties && i < properties->n; i++) {
                r = apply_property(cgroup, &properties->list[i]);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int fill_scope(const char *cgroup, const ScopeRequest *request) {
        int r;

        r = cgroup_make(cgroup);
        if (r < 0)
                return r;

        r = apply_properties(cgroup, request->properties);
        if (r < 0)
                return r;

        r = cgroup_attach(cgroup, request->leader);
        if (r < 0)
                return r;

        /* If it died meanwhile, its number may have meant another process. */
        return process_is_alive(request->leader_fd) ? 0 : -ESRCH;
}

static int unit_cgroup(const char *unit, char **ret) {
        return text_printf(ret, SLICE_PATH "/%s", unit);
}

static int cgroupfs_start_scope(
                ScopeBackend *b,
                const ScopeRequest *request,
                ScopeDone done,
                void *userdata) {

        _cleanup_free_ char *cgroup = NULL;
        Cgroupfs *c = (Cgroupfs *) b;
        int r;

        r = unit_cgroup(request->unit, &cgroup);
        if (r < 0)
                return r;

        if (cgroup_is_populated(cgroup) > 0)
                return -EEXIST;

        r = fill_scope(cgroup, request);
        if (r < 0) {
                (void) remove_when_empty(c, cgroup);
                return r;
        }

        return tell_later(c, 0, done, userdata);
}

static int cgroupfs_start_service(ScopeBackend *b, const char *machine, ScopeDone done, void *userdata) {
        return services_start(((Cgroupfs *) b)->services, machine, done, userdata);
}

static int end_unit(Cgroupfs *c, const char *unit, const char *cgroup) {
        _cleanup_free_ char *derived = NULL;
        int r;

        if (!cgroup) {
                r = unit_cgroup(unit, &derived);
                if (r < 0)
                        return r;
                cgroup = derived;
        }

        services_forget_restart(c->services, unit);

        r = cgroup_kill_all(cgroup);
        if (r < 0)
                return r;

        return remove_when_empty(c, cgroup);
}

static int cgroupfs_stop(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                ScopeDone done,
                void *userdata) {

        Cgroupfs *c = (Cgroupfs *) b;
        int r;

        r = end_unit(c, unit, cgroup);
        if (r < 0)
                return r;

        return tell_later(c, 0, done, userdata);
}

static int cgroupfs_set_properties(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                _unused_ bool runtime,
                const Properties *limits,
                ScopeDone done,
                void *userdata) {

        _cleanup_free_ char *derived = NULL;
        int r;

        r = limits_check_controllers(limits, NULL);
        if (r >= 0 && !cgroup)
                r = unit_cgroup(unit, &derived);
        if (r >= 0)
                r = limits_apply(cgroup ?: derived, limits);

        return r < 0 ? r : tell_later((Cgroupfs *) b, 0, done, userdata);
}

static int on_retired(
                _unused_ sd_event_source *source,
                _unused_ const struct inotify_event *e,
                void *userdata) {

        ScopeJob *job = userdata;

        return cgroup_is_populated(job->cgroup) > 0 ? 0 : on_told(NULL, job);
}

static int cgroupfs_retire(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                ScopeDone done,
                void *userdata) {

        _cleanup_(job_freep) ScopeJob *job = NULL;
        Cgroupfs *c = (Cgroupfs *) b;
        int r;

        services_forget_restart(c->services, unit);

        r = job_new(c, &job);
        if (r < 0)
                return r;

        job->done = done;
        job->userdata = userdata;
        job->cgroup = cgroup ? strdup(cgroup) : NULL;
        if (cgroup && !job->cgroup)
                return -ENOMEM;

        r = cgroup ? cgroup_watch(c->event, cgroup, on_retired, job, &job->watch) : -ENOENT;
        if (r < 0 && r != -ENOENT)
                return r;

        /* It may have been empty before we watched. */
        if (r == -ENOENT || cgroup_is_populated(cgroup) <= 0)
                return tell_later(c, 0, done, userdata);

        TAKE_PTR(job);
        return 0;
}

static int cgroupfs_freeze(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                bool frozen,
                ScopeDone done,
                void *userdata) {

        _cleanup_free_ char *derived = NULL;
        int r;

        r = cgroup ? 0 : unit_cgroup(unit, &derived);
        return r < 0 ? r : freezer_set(((Cgroupfs *) b)->freezer, cgroup ?: derived, frozen, done, userdata);
}

static void cgroupfs_release(ScopeBackend *b, const char *unit, const char *cgroup) {
        (void) end_unit((Cgroupfs *) b, unit, cgroup);
}

static ScopeBackend *cgroupfs_free(ScopeBackend *b) {
        Cgroupfs *c = (Cgroupfs *) b;

        if (!c)
                return NULL;

        while (c->jobs)
                (void) job_free(c->jobs);
        (void) services_free(c->services);
        (void) freezer_free(c->freezer);
        sd_event_unref(c->event);
        free(c);
        return NULL;
}

static const ScopeOps cgroupfs_ops = {
        .start_scope = cgroupfs_start_scope,
        .start_service = cgroupfs_start_service,
        .stop = cgroupfs_stop,
        .set_properties = cgroupfs_set_properties,
        .retire = cgroupfs_retire,
        .freeze = cgroupfs_freeze,
        .release = cgroupfs_release,
        .free = cgroupfs_free,
};

/* Called while the guest's processes, whose supervisor has ended, may be ending yet. */
static void on_service_ended(void *userdata, const char *cgroup) {
        (void) remove_when_empty(userdata, cgroup);
}

static int collect_leftovers(Cgroupfs *c) {
        _cleanup_close_ int fd = -EBADF;
        DIR *directory;

        fd = cgroup_open(SLICE_PATH);
        if (fd < 0)
                return fd;

        directory = fdopendir(fd);
        if (!directory)
                return -errno;
        TAKE_FD(fd);

        for (struct dirent *e; (e = readdir(directory));) {
                _cleanup_free_ char *cgroup = NULL;

                if (e->d_type != DT_DIR || (!endswith(e->d_name, ".scope") &&
                                            !endswith(e->d_name, ".service")))
                        continue;

                /* Its group is empty while its guest reboots, but has its limits yet. */
                if (services_has(c->services, e->d_name))
                        continue;

                if (unit_cgroup(e->d_name, &cgroup) >= 0)
                        (void) remove_when_empty(c, cgroup);
        }

        (void) closedir(directory);
        return 0;
}

/* Children may use the controllers that the slice's parents hand down. */
static void enable_controllers(void) {
        static const char *const controllers[] = { "+cpu", "+cpuset", "+io", "+memory", "+pids" };

        for (size_t i = 0; i < ELEMENTSOF(controllers); i++) {
                (void) cgroup_write("/", "cgroup.subtree_control", controllers[i]);
                (void) cgroup_write(SLICE_PATH, "cgroup.subtree_control", controllers[i]);
        }
}

int scope_cgroupfs_new(sd_event *event, const char *runtime, ScopeBackend **ret) {
        _cleanup_(scope_backend_freep) ScopeBackend *b = NULL;
        Cgroupfs *c;
        int r;

        assert(event);
        assert(runtime);
        assert(ret);

        c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;

        *c = (Cgroupfs) { .backend.ops = &cgroupfs_ops, .event = sd_event_ref(event) };
        b = &c->backend;

        r = freezer_new(event, &c->freezer);
        if (r < 0)
                return r;

        r = cgroup_make(SLICE_PATH);
        if (r < 0)
                return r;

        enable_controllers();

        r = services_new(event, runtime, SLICE_PATH, on_service_ended, c, &c->services);
        if (r < 0)
                return r;

        r = collect_leftovers(c);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(b);
        return 0;
}
