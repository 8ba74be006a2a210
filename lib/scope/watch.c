/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/inotify.h>

#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/scope/watch.h"

int cgroup_watch(
                sd_event *event,
                const char *cgroup,
                sd_event_inotify_handler_t handler,
                void *userdata,
                sd_event_source **ret) {

        _cleanup_free_ char *events = NULL;
        int r;

        assert(event);
        assert(cgroup);
        assert(ret);

        r = text_printf(&events, "%s%s/cgroup.events", cgroup_mount_point() ?: "", cgroup);
        if (r < 0)
                return r;

        r = sd_event_add_inotify(event, ret, events, IN_MODIFY, handler, userdata);
        return r < 0 ? r : 0;
}
