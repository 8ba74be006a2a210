/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The manager's inside
 *
 * For the files that the manager is: manager-machines.c finds machines and ends
 * them, manager-stop.c waits for those that are given time, manager-create.c has new
 * ones made, manager-load.c brings those back that were there before,
 * manager-events.c tells what happens to them. Nobody else
 * looks in here.
 */

#include "daemon/core/idmap.h"
#include "daemon/core/manager.h"
#include "daemon/core/memory.h"
#include "daemon/core/registry.h"
#include "daemon/core/state.h"
#include "daemon/core/watch.h"
#include "lib/scope/freezer.h"

/* One creation under way. */
typedef struct CreationRun CreationRun;

/* One end that is waited for. */
typedef struct StopRun StopRun;

/* A service that is being started. */
typedef struct Start Start;

struct Manager {
        sd_event *event;
        ScopeBackend *scope;
        int (*plan)(Creation *c);
        int (*find_image)(const char *name, char **ret);
        const Step *const *steps;
        size_t n_steps;
        void *outside;
        StateDirectories state;
        ManagerListener *listeners;

        Registry machines;
        IdMaps *id_maps;
        Memory *memory;
        Freezer *freezer;
        CreationRun *runs;
        StopRun *stops;
        Watches *watches;
        int notes_fd;
        sd_event_source *notes;
        Start *starts;
};

/* The subject of the steps, for a machine that is made or unmade. */
Creation manager_creation(Manager *m, MachineInfo *info, int leader_fd);

/* Removes what was made for a machine: its creation, backwards from the end. */
void manager_undo(Manager *m, Creation *c);

/* Makes a name free whose owner has died, if we have only not looked yet; else -E_MACHINE_EXISTS. */
int manager_free_name(Manager *m, const char *name);

/* Adds a machine that runs. Takes it over if it returns 0. */
int manager_add_running(Manager *m, Machine *machine);

/* Has the end of its leader be its end. */
int manager_watch(Manager *m, Entry *e);

void manager_tell_added(Manager *m, Machine *machine);

/* Its end: what was made for it is removed, the listeners are told, the object is gone. */
void manager_end(Manager *m, Entry *e);

/* The same, if it is its leader's end. */
void manager_end_of_leader(Manager *m, Entry *e);

/* Forgets it only. */
void manager_drop(Manager *m, Entry *e);

/* Whether ending its unit ends this machine, and nothing else. */
bool manager_holds_unit(Manager *m, const MachineInfo *info);

/* Tells those who wait for a machine's end of it, or with an error code, that it will not come. */
void stop_runs_note_end(Manager *m, const MachineInfo *info, int result);

/* Of one that a former daemon has asked to end: it is killed when its time is up. */
void manager_stop_further(Manager *m, Machine *machine);

/* Nobody waits for any machine's end any more. */
void stop_runs_drop(Manager *m);

/* Starts the service of a machine, and tells of it. As start_service() of the scope backend. */
int manager_start_service(Manager *m, const char *name, ScopeDone done, void *userdata);

/* Forgets those that are under way. */
void starts_drop(Manager *m);

/* Of one that is there now: whether it is ready, or will be. */
void manager_tell_registered(Manager *m, Machine *machine);

/* Of one whose leader has ended. */
void manager_tell_exited(Manager *m, Entry *e);

/* Whether its supervisor will tell how it has ended; manager_end_of_leader() is called then, or when
 * it has not. */
bool manager_awaits_status(Manager *m, Entry *e);

/* Has the listeners told of what happens to control groups. */
int manager_watch_kernel(Manager *m);

/* Gives all creations up; what they have made so far the next daemon finds, and removes. */
void creation_runs_drop(Manager *m);
