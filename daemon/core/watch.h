/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Watches
 *
 * Notices what the kernel does to machines: that it kills for want of memory,
 * and that all processes stand still or go on. Two files of each machine's
 * control group are watched, by one descriptor for all machines. A guest can
 * have them change as often as it likes, so they are looked at some times a
 * second at most.
 */

#include <systemd/sd-event.h>

#include "daemon/core/machine.h"

typedef struct Watches Watches;

typedef struct WatchListener {
        void (*out_of_memory)(void *userdata, Machine *m, uint64_t killed, uint64_t total);
        void (*frozen)(void *userdata, Machine *m, bool is_frozen);
        void *userdata;
} WatchListener;

/**
 * watches_new() - get ready to watch machines
 * @event:              event loop; a reference is taken
 * @root:               where the unified hierarchy is, or NULL if it is nowhere
 * @listener:           who is told; none of its functions may end a machine
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what inotify_init1() or sd-event run into
 */
int watches_new(sd_event *event, const char *root, const WatchListener *listener, Watches **ret);

Watches *watches_free(Watches *w);
DEFINE_CLEANUP(Watches, watches_free);

/**
 * watches_add() - begin to watch a machine
 * @w:                  the watches
 * @m:                  the machine, which has its control group; to be dropped
 *                      before it is freed
 * @is_new:             its group was made just now, for it alone: whatever has
 *                      happened there is told; else only what happens from now on
 *
 * Takes its time: nobody who has a machine made waits for it. What cannot be
 * watched is not: the kernel has no such file, or its limit of watches is reached.
 */
void watches_add(Watches *w, Machine *m, bool is_new);

/**
 * watches_renew() - look again where a machine's processes are to be watched
 * @w:                  the watches
 * @m:                  the machine
 *
 * Who runs it may divide its unit after it was registered.
 */
void watches_renew(Watches *w, Machine *m);

/**
 * watches_drop() - watch a machine no longer
 * @w:                  the watches
 * @m:                  the machine, watched or not
 */
void watches_drop(Watches *w, Machine *m);

/**
 * watches_look() - look at a machine's memory now, as if something had been noticed
 * @w:                  the watches
 * @m:                  the machine
 */
void watches_look(Watches *w, Machine *m);

/* Whether some process of it was killed for want of memory within the last second. */
bool watch_was_out_of_memory(const MachineWatch *watch);
