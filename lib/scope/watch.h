/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Watching a control group: that its last process has gone, that all stand still.
 */

#include <systemd/sd-event.h>

#include "lib/base/base.h"

/* Empty if all is NULL. */
typedef struct CgroupWatch {
        sd_event_source *changed, *removed;
} CgroupWatch;

/**
 * cgroup_watch() - have a change of cgroup.events noticed
 * @event:              event loop
 * @cgroup:             path of the control group
 * @handler:            told that something has changed, not what; also when it is removed
 * @userdata:           for that
 * @ret:                return location for the watch
 *
 * Look at what is waited for afterwards: it may have come before.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such group
 *         others       what sd-event runs into
 */
int cgroup_watch(
                sd_event *event,
                const char *cgroup,
                sd_event_inotify_handler_t handler,
                void *userdata,
                CgroupWatch *ret);

/**
 * cgroup_watch_done() - watch it no longer
 * @w:                  the watch, which is empty afterwards
 */
void cgroup_watch_done(CgroupWatch *w);
