/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Late
 *
 * What of the runtime no leader waits for: who supervises it, and who tells others of it. With
 * the libraries that they need, which take longer to load than a mount tree takes to make, they
 * are a shared object of their own, runtime/late. The supervisor loads it while the leader is
 * busy, so that a leader neither waits for it nor inherits it; earlier only where a step before
 * that calls for it.
 */

#include "lib/base/user-record.h"
#include "runtime/run.h"

/* Not an exit status: the guest wants to be started anew. */
#define LATE_REBOOT 256

/* An exit status that asks the unit to start us anew: RestartForceExitStatus= of berth@.service. */
#define LATE_STATUS_REBOOT 133

/* Those that the supervisor takes; to be blocked before there is a leader, so that none is lost.
 * SIGRTMIN is no constant. */
#define LATE_SIGNALS { SIGTERM, SIGINT, SIGHUP, SIGWINCH, SIGCONT, SIGRTMIN + 4 }

/* What the shared object has. Its own headers, and those of libraries, describe them. */
struct Late {
        const char *version;    /* these two are as ours: an upgrade may be under way */
        size_t run_size;
        int (*supervise)(Run *run);
        int (*take_managed_range)(Run *run, UidRange *ret);
        int (*find_registrar)(void);
        int (*register_machine)(Run *run);
        int (*start_scope)(Run *run);
        int (*make_veth)(Run *run);
        void (*remove_veth)(Run *run);
        int (*listen_fds)(int unset_environment);
        int (*format_user)(const UserRecord *record, char **ret);
        int (*format_user_secret)(const char *password, char **ret);
        int (*format_group)(const char *name, uint32_t gid, char **ret);
};

/* The one name that is looked for in it. */
#define LATE_TABLE berth_late

extern const Late LATE_TABLE;

/**
 * late_load() - have what is loaded late
 * @run:                the run; its object is the cause if it cannot be had
 *
 * Loads it the first time, and has @run->late point to it.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ELIBACC     it cannot be loaded, or is none of ours
 */
int late_load(Run *run);
