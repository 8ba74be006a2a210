/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A daemon without a host: the door and the core, with a fake scope backend,
 * steps that are only the scope, and state files below /tmp. Both ends of a
 * socketpair are on one event loop, and the client's end is polkit, too.
 */

#include <systemd/sd-bus.h>

#include "daemon/bus/bus.h"
#include "daemon/bus/polkit.h"
#include "tests/lib/bus-pair.h"
#include "tests/lib/fake-scope.h"

/* The machine that fixture_create() registers, and the host. */
#define WEB MACHINE_PATH_PREFIX "/web"
#define HOST MACHINE_PATH_PREFIX "/_2ehost"

typedef struct Fixture {
        sd_event *event;
        BusPair pair;
        FakeScope scope;
        Manager *manager;
        Workers *workers;
        Polkit *polkit;
        Operations *operations;
        Bus bus;
        char directory[32], notes[64], machined[64], own[64], consoles[64], autostart[64];

        /* Polkit's part */
        bool grants;
        const char *except;             /* an action that is refused all the same */
        bool trusts_root;               /* root, as which tests run, is not asked for; after a restart */
        bool hesitates;                 /* does not answer until the test does */
        unsigned n_asked;
        char action[128], machine[128];
        bool interactive;               /* it may have somebody asked for a password */
        sd_bus_message *asked;

        unsigned n_added, n_removed;    /* signals that came */
        pid_t leader;                   /* a process to register */
        bool replies_scope;             /* a scope that is asked for is there in the next round */
} Fixture;

void fixture_init(Fixture *f);
void fixture_done(Fixture *f);

/* Takes the daemon away, as SIGKILL would, and starts another one. */
void fixture_restart(Fixture *f);

/* Calls a method and runs the loop until it is answered. */
sd_bus_message *fixture_call(
                Fixture *f,
                const char *path,
                const char *interface,
                const char *method,
                const char *types,
                ...);

/* The same, for arguments that take more than one line. */
sd_bus_message *fixture_call_with(
                Fixture *f,
                const char *path,
                const char *interface,
                const char *method,
                void (*append)(Fixture *f, sd_bus_message *m));

/* Sends a call, for tests that look at what happens meanwhile. */
sd_bus_message *fixture_send(
                Fixture *f,
                const char *path,
                const char *interface,
                const char *method,
                const char *types,
                ...);

/* Whether an answer is the error of that name, and no other. */
void check_error(sd_bus_message *reply, const char *name);

/* Runs the loop until it is idle. */
void fixture_settle(Fixture *f);

/* Registers f->leader as "web", and expects success. */
void fixture_create(Fixture *f);

/* Whether there are state files. */
bool fixture_has_state(Fixture *f, const char *name);
