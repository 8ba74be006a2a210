/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Manager
 *
 * All machines of this host, found by name, unit and process. It runs the
 * creation of new ones, notices the end of each over its leader's pidfd, and
 * tells its listener what has come and gone. It knows of no messages, and of
 * what lies outside a machine only the table of steps that it is given.
 */

#include <systemd/sd-event.h>

#include "daemon/core/creation.h"
#include "daemon/core/event.h"
#include "daemon/core/machine.h"

/* Of each user but root: what they have registered takes our memory, and a descriptor. */
#define MACHINES_PER_USER 1024

typedef struct Manager Manager;

/* What the manager tells of. The machine is still there in the first two. */
typedef struct ManagerListener ManagerListener;
struct ManagerListener {
        void (*machine_added)(void *userdata, Machine *m);
        void (*machine_removed)(void *userdata, Machine *m);
        void (*machine_event)(void *userdata, const MachineEvent *e); /* or NULL */
        void *userdata;
        ManagerListener *next;          /* the manager's */
};

typedef struct ManagerConfig {
        sd_event *event;
        ScopeBackend *scope;            /* borrowed */

        /* Fills the info with what is to be made for a machine. */
        int (*plan)(Creation *c);
        const Step *const *steps;
        size_t n_steps;
        void *outside;                  /* for plan() and the steps; borrowed */

        /* Finds what a machine is started from; NULL: all names will do. */
        int (*find_image)(const char *name, char **ret);

        const char *machined_directory; /* of state files, see state.h */
        const char *own_directory;
} ManagerConfig;

/**
 * manager_new() - create the manager
 * @config:             what it works with
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what opening the directories of state files runs into
 */
int manager_new(const ManagerConfig *config, Manager **ret);

/**
 * manager_free() - forget all machines
 * @m:                  the manager, or NULL
 *
 * Nothing ends, and nothing is removed: the next daemon finds it all.
 *
 * Return: NULL, always.
 */
Manager *manager_free(Manager *m);
DEFINE_CLEANUP(Manager, manager_free);

/**
 * manager_add_listener() - have somebody told of machines
 * @m:                  the manager
 * @listener:           who is told; borrowed until it is removed
 */
void manager_add_listener(Manager *m, ManagerListener *listener);

/**
 * manager_remove_listener() - have somebody told of machines no longer
 * @m:                  the manager
 * @listener:           who was told, or never was
 */
void manager_remove_listener(Manager *m, ManagerListener *listener);

/**
 * manager_tell() - tell all listeners of an event
 * @m:                  the manager
 * @name:               name of the machine, which need not be there
 * @kind:               what has happened
 * @details:            more about it, see docs/api/org.berth.md; or NULL
 */
void manager_tell(Manager *m, const char *name, MachineEventKind kind, const Properties *details);

/**
 * manager_set_closing() - note that a machine has been asked to end, and tell of it
 * @m:                  the manager
 * @machine:            the machine; nothing happens if it is closing already
 * @cause:              who has asked for what: "terminate", "stop"
 */
void manager_set_closing(Manager *m, Machine *machine, const char *cause);

/**
 * manager_load() - find what was there before this daemon was
 * @m:                  the manager
 *
 * Machines whose leader is still who it was come back; of all others, what was
 * made for them is removed.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what listing the state files runs into; a file that makes no sense is
 *         passed over
 */
int manager_load(Manager *m);

/**
 * manager_take_notes() - listen to what supervisors tell of their machines
 * @m:                  the manager
 * @path:               where, see note.h; taken from any other daemon that listens there
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as note_listen()
 */
int manager_take_notes(Manager *m, const char *path);

/**
 * manager_find() - find a machine by its name
 * @m:                  the manager
 * @name:               any string
 *
 * Return: the machine, or NULL: there is none, or not yet.
 */
Machine *manager_find(Manager *m, const char *name);

/**
 * manager_find_by_pid() - find the machine that a process belongs to
 * @m:                  the manager
 * @pid:                process id, above 0
 *
 * It is the leader of one, or in the unit of one, or in the machine's part of
 * that; or its parent is, or the parent of that, so that what somebody has moved
 * elsewhere still belongs where it came from.
 *
 * Return: the machine, or NULL.
 */
Machine *manager_find_by_pid(Manager *m, pid_t pid);

/**
 * manager_find_by_id() - find the machine that a user or group of the host is in
 * @m:                  the manager
 * @kind:               user or group
 * @id:                 the id on the host
 * @ret:                return location for the machine
 * @ret_inside:         return location for the id in that machine
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL                      the last number, which is nobody's
 *         -E_NO_SUCH_USER_MAPPING      it is of none, or one of the host's own
 *         -E_NO_SUCH_GROUP_MAPPING     the same of a group
 */
int manager_find_by_id(Manager *m, IdKind kind, uint32_t id, Machine **ret, uint32_t *ret_inside);

/**
 * manager_next() - walk through all machines, in the order of their coming
 * @m:                  the manager
 * @previous:           where the walk stands, NULL to begin
 *
 * Return: the next machine, or NULL at the end.
 */
Machine *manager_next(Manager *m, Machine *previous);

/**
 * typedef CreateDone - how a creation has ended
 * @userdata:           what came with the request
 * @result:             0, or a negative error code
 * @where:              what failed, or NULL
 * @machine:            the machine, on success
 */
typedef void (*CreateDone)(void *userdata, int result, const char *where, Machine *machine);

/**
 * manager_create() - register a machine
 * @m:                  the manager
 * @request:            checked by create_request_check(); emptied on success only
 * @done:               told how it ended, possibly before this function returns
 * @userdata:           for that
 *
 * Return: 0 if @done is called, negative error code if not.
 * Errors: -E_MACHINE_EXISTS    there is one of that name
 *         -EEXIST              the leader leads another one
 *         -E_LIMITS_EXCEEDED   its caller, who is not root, has MACHINES_PER_USER
 *         -ESRCH               the leader has gone
 *         -EACCES              the leader is not its caller's
 *         -ENXIO               no scope is wanted, and the leader is in no unit
 */
int manager_create(Manager *m, CreateRequest *request, CreateDone done, void *userdata);

/**
 * manager_terminate() - end a machine
 * @m:                  the manager
 * @machine:            the machine, which is closing from then on
 * @done:               told when it is on its way, possibly before this function
 *                      returns; that the machine has gone comes through the listener
 * @userdata:           for that
 *
 * What is in its unit ends with it, unless the unit is not the machine's alone:
 * then its supervisor is sent SIGTERM.
 *
 * Return: 0 if @done is called, negative error code if not.
 * Errors: -EOPNOTSUPP  it is the host, or has no supervisor that could end it
 *         others       what the scope backend runs into
 */
int manager_terminate(Manager *m, Machine *machine, ScopeDone done, void *userdata);

/* For manager_stop(): as long as it may take. */
#define STOP_NO_TIMEOUT UINT64_MAX

/**
 * typedef StopDone - how the end of a machine has come
 * @userdata:           what came with the request
 * @result:             0, or a negative error code
 * @was_killed:         it was not given time, or did not end within it
 */
typedef void (*StopDone)(void *userdata, int result, bool was_killed);

/**
 * manager_stop() - have a machine shut down, and end it if it does not
 * @m:                  the manager
 * @machine:            the machine, which is closing from then on
 * @timeout_usec:       how long it may take; 0: it is not asked, but killed at once;
 *                      or STOP_NO_TIMEOUT
 * @done:               told when it has gone, with its unit if that is its alone, after
 *                      this function has returned
 * @userdata:           for that
 *
 * A unit that is the machine's alone is not started anew. What is frozen is thawed.
 * @done is told -ETIMEDOUT of what does not even end by SIGKILL, and -ECANCELED of
 * what was unregistered meanwhile.
 *
 * Return: 0 if @done is called, negative error code if not.
 * Errors: -EOPNOTSUPP          it is the host
 *         -E_LIMITS_EXCEEDED   too many are waiting for the same machine's end
 *         others               what asking it, or the scope backend, runs into
 */
int manager_stop(Manager *m, Machine *machine, uint64_t timeout_usec, StopDone done, void *userdata);

/**
 * manager_freeze() - have all processes of a machine stand still, or go on
 * @m:                  the manager
 * @machine:            the machine
 * @frozen:             which of both
 * @done:               told when they do, after this function has returned
 * @userdata:           for that
 *
 * Return: 0 if @done is called, negative error code if not.
 * Errors: -EOPNOTSUPP  it is the host, or its unit is not its alone
 *         others       what the scope backend runs into
 */
int manager_freeze(Manager *m, Machine *machine, bool frozen, ScopeDone done, void *userdata);

/**
 * manager_set_properties() - limit what a machine uses of the host
 * @m:                  the manager
 * @machine:            the machine
 * @runtime:            until it ends; otherwise for good, if its unit is one that can be
 * @limits:             checked by limit_check()
 * @done:               told when they hold, after this function has returned
 * @userdata:           for that
 *
 * Return: 0 if @done is called, negative error code if not.
 * Errors: -EOPNOTSUPP          it is the host, or its unit is not its alone
 *         -E_NO_CONTROLLER     this host cannot keep one of them
 *         others               what the scope backend runs into
 */
int manager_set_properties(
                Manager *m,
                Machine *machine,
                bool runtime,
                const Properties *limits,
                ScopeDone done,
                void *userdata);

/**
 * manager_unregister() - forget a machine, which runs on
 * @m:                  the manager
 * @machine:            the machine; its object is gone afterwards
 *
 * What was made for it, but for the unit that it lives in, is removed.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EOPNOTSUPP  it is the host
 */
int manager_unregister(Manager *m, Machine *machine);

/**
 * manager_find_image() - check whether a machine of some name could be started
 * @m:                  the manager
 * @name:               name of the machine, which is valid
 *
 * Return: 0 if there is something to start, negative error code on failure.
 * Errors: -E_NO_SUCH_IMAGE     there is nothing
 *         others               what looking for it runs into
 */
int manager_find_image(Manager *m, const char *name);

/**
 * manager_start() - start the service that runs a machine
 * @m:                  the manager
 * @name:               name of the machine
 * @done:               told when the machine is ready, or has failed
 * @userdata:           for that
 *
 * Return: 0 if @done is called, negative error code if not.
 * Errors: -EINVAL              not a name of a machine
 *         -E_MACHINE_EXISTS    it runs already
 *         -E_NO_SUCH_IMAGE     there is nothing to start
 *         others               what the scope backend runs into
 */
int manager_start(Manager *m, const char *name, ScopeDone done, void *userdata);
