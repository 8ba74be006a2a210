/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/inotify.h>

#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/scope/watch.h"

void cgroup_watch_done(CgroupWatch *w) {
        assert(w);

        w->changed = sd_event_source_disable_unref(w->changed);
        w->removed = sd_event_source_disable_unref(w->removed);
}

static int add(
                sd_event *event,
                const char *path,
                uint32_t mask,
                sd_event_inotify_handler_t handler,
                void *userdata,
                sd_event_source **ret) {

        int r;

        r = sd_event_add_inotify(event, ret, path, mask, handler, userdata);
        return r < 0 ? r : 0;
}

/* The kernel tells of changes every ten milliseconds at most, and of those that it has put off not at all
 * once the group has been removed: systemd is fast enough for that. So its removal is an event, too. */
int cgroup_watch(
                sd_event *event,
                const char *cgroup,
                sd_event_inotify_handler_t handler,
                void *userdata,
                CgroupWatch *ret) {

        _cleanup_free_ char *events = NULL, *parent = NULL;
        const char *mount = cgroup_mount_point() ?: "";
        CgroupWatch w = {};
        int r;

        assert(event);
        assert(cgroup);
        assert(ret);

        r = text_printf(&events, "%s%s/cgroup.events", mount, cgroup);
        if (r >= 0)
                r = text_printf(&parent, "%s%.*s", mount, (int) (strrchr(cgroup, '/') - cgroup), cgroup);
        if (r >= 0)
                r = add(event, events, IN_MODIFY, handler, userdata, &w.changed);
        if (r >= 0)
                r = add(event, parent, IN_DELETE | IN_ONLYDIR, handler, userdata, &w.removed);
        if (r < 0) {
                cgroup_watch_done(&w);
                return r;
        }

        *ret = w;
        return 0;
}
