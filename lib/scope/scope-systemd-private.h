/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Scopes, as systemd has them: what the files of this backend share
 */

#include <systemd/sd-bus.h>

#include "lib/scope/scope.h"
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

/* Forgets a job, whatever becomes of it at PID 1. */
ScopeJob *systemd_job_free(ScopeJob *job);
DEFINE_CLEANUP(ScopeJob, systemd_job_free);

/* A job without a call yet; it is the backend's until it has finished. */
int systemd_job_new(Systemd *s, ScopeDone done, void *userdata, ScopeJob **ret);

/* Tells how it went; the job is gone afterwards. */
void systemd_job_finish(ScopeJob *job, int result);

/* What an error that PID 1 answers with is to us. */
int systemd_error(sd_bus_message *reply);

/* Calls a method that queues a job for a unit; done when that has ended, or has begun. */
int systemd_call_unit(
                Systemd *s,
                const char *method,
                const char *unit,
                const char *mode,
                bool waits,
                ScopeDone done,
                void *userdata);

/* Of ScopeOps, see there. */
int systemd_freeze(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                bool frozen,
                ScopeDone done,
                void *userdata);
int systemd_set_properties(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                bool runtime,
                const Properties *limits,
                ScopeDone done,
                void *userdata);
int systemd_retire(
                ScopeBackend *b,
                const char *unit,
                const char *cgroup,
                ScopeDone done,
                void *userdata);
