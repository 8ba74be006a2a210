/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/inotify.h>

#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/scope/freezer.h"
#include "lib/scope/watch.h"

typedef struct Freeze Freeze;

struct Freezer {
        sd_event *event;
        Freeze *list;
};

/* One that is under way. */
struct Freeze {
        Freezer *freezer;
        Freeze *next, *previous;
        CgroupWatch watch;
        sd_event_source *timer;
        char *cgroup;
        bool frozen;            /* what it is to be */
        ScopeDone done;
        void *userdata;
};

static Freeze *freeze_free(Freeze *z) {
        if (!z)
                return NULL;

        if (z->previous)
                z->previous->next = z->next;
        else
                z->freezer->list = z->next;
        if (z->next)
                z->next->previous = z->previous;

        cgroup_watch_done(&z->watch);
        sd_event_source_disable_unref(z->timer);
        free(z->cgroup);
        free(z);
        return NULL;
}
DEFINE_CLEANUP(Freeze, freeze_free);

static void freeze_finish(Freeze *z, int result) {
        ScopeDone done = z->done;
        void *userdata = z->userdata;

        (void) freeze_free(z);
        done(userdata, result);
}

static bool is_done(const Freeze *z) {
        return cgroup_is_frozen(z->cgroup) == (int) z->frozen;
}

static int on_changed(
                _unused_ sd_event_source *source,
                _unused_ const struct inotify_event *e,
                void *userdata) {

        Freeze *z = userdata;

        if (is_done(z))
                freeze_finish(z, 0);
        return 0;
}

/* At once, if it has been so all the time: then nothing will tell. */
static int on_time(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Freeze *z = userdata;

        if (is_done(z)) {
                freeze_finish(z, 0);
                return 0;
        }

        /* What does not stand still is in the middle of a system call that does not end. */
        if (z->frozen)
                (void) cgroup_write(z->cgroup, "cgroup.freeze", "0");

        freeze_finish(z, -ETIMEDOUT);
        return 0;
}

static int begin(Freeze *z) {
        sd_event *event = z->freezer->event;
        int r;

        /* Before anything is written, so that no change is missed. */
        r = cgroup_watch(event, z->cgroup, on_changed, z, &z->watch);
        if (r < 0)
                return r == -ENOENT ? -EOPNOTSUPP : r;

        r = cgroup_write(z->cgroup, "cgroup.freeze", z->frozen ? "1" : "0");
        if (r < 0)
                return r == -ENOENT ? -EOPNOTSUPP : r;

        return sd_event_add_time_relative(event, &z->timer, CLOCK_MONOTONIC,
                                          is_done(z) ? 0 : SCOPE_FREEZE_USEC, 0, on_time, z);
}

int freezer_set(Freezer *f, const char *cgroup, bool frozen, ScopeDone done, void *userdata) {
        _cleanup_(freeze_freep) Freeze *z = NULL;
        int r;

        assert(f);
        assert(cgroup);
        assert(done);

        z = malloc(sizeof(*z));
        if (!z)
                return -ENOMEM;

        *z = (Freeze) {
                .freezer = f,
                .next = f->list,
                .frozen = frozen,
                .done = done,
                .userdata = userdata,
        };
        if (z->next)
                z->next->previous = z;
        f->list = z;

        z->cgroup = strdup(cgroup);
        if (!z->cgroup)
                return -ENOMEM;

        r = begin(z);
        if (r < 0)
                return r;

        TAKE_PTR(z); /* waits on f->list from here on */
        return 0;
}

int freezer_new(sd_event *event, Freezer **ret) {
        Freezer *f;

        assert(event);
        assert(ret);

        f = malloc(sizeof(*f));
        if (!f)
                return -ENOMEM;

        *f = (Freezer) { .event = sd_event_ref(event) };
        *ret = f;
        return 0;
}

Freezer *freezer_free(Freezer *f) {
        if (!f)
                return NULL;

        while (f->list)
                (void) freeze_free(f->list);
        sd_event_unref(f->event);
        free(f);
        return NULL;
}
