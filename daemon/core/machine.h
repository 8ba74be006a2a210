/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Machine
 *
 * One running container or VM: what is known of it, as plain data in its
 * MachineInfo, and the pidfd of its leader, whose end is the machine's end.
 * Opaque outside daemon/core/ but for the info; whoever reads it finds it by
 * name each time and never keeps a pointer.
 */

#include "daemon/core/sight.h"
#include "lib/base/base.h"
#include "lib/base/id128.h"
#include "lib/kernel/idmap.h"
#include "lib/kernel/process.h"

/* The name under which the host itself is listed. */
#define MACHINE_NAME_HOST ".host"

typedef struct Machine Machine;

/* Files of a machine's control group that are watched. */
typedef enum WatchFile {
        WATCH_MEMORY,
        WATCH_STATE,
        _WATCH_FILE_MAX,
} WatchFile;

/* What was last noticed there. */
typedef struct MachineWatch {
        int wds[_WATCH_FILE_MAX];       /* inotify's numbers; 0: none */
        bool has_own_pids;              /* its leader is the init of a PID namespace */
        bool may_be_divided;            /* who runs it may have divided its unit by now */
        bool was_looked_at;             /* what is known is what was so before the next look */
        bool is_frozen, is_marked, is_queued;
        uint64_t oom_kills;             /* since the group is there */
        uint64_t oom_at;                /* the last one that we saw, µs since boot; 0: none */
        Machine *next_marked, *next_queued;
} MachineWatch;

typedef enum MachineClass {
        MACHINE_CONTAINER,
        MACHINE_VM,
        MACHINE_HOST,           /* only MACHINE_NAME_HOST */
        _MACHINE_CLASS_MAX,
} MachineClass;

typedef enum MachineState {
        MACHINE_OPENING,        /* being registered: not found by anyone yet */
        MACHINE_RUNNING,
        MACHINE_CLOSING,        /* asked to end */
        _MACHINE_STATE_MAX,
} MachineState;

typedef enum KillWhom {
        KILL_LEADER,
        KILL_ALL,
        KILL_SUPERVISOR,
        _KILL_WHOM_MAX,
} KillWhom;

typedef enum IdKind {
        ID_USER,
        ID_GROUP,
        _ID_KIND_MAX,
} IdKind;

/* What the bus and machined's files say for a machine without a vsock. */
#define MACHINE_VSOCK_NONE UINT32_MAX

/* Strings may be NULL, unless told. */
typedef struct MachineInfo {
        char *name;                     /* never NULL */
        Id128 id;
        char *service;                  /* the manager that registered it, "systemd-nspawn" */
        MachineClass class;
        pid_t leader;
        ProcessIdentity leader_identity;
        pid_t supervisor;               /* who registered it, or 0; may have gone */
        ProcessIdentity supervisor_identity;
        char *root_directory;           /* on the host */
        char *unit;                     /* never NULL once it runs */
        char *cgroup;                   /* of the unit, "/machine.slice/…" */
        char *subgroup;                 /* the machine's part of it, "payload"; NULL: all of it */
        int *ifindices;                 /* of the host's ends of its links */
        size_t n_ifindices;
        uint64_t realtime;              /* begin, µs since 1970 */
        uint64_t monotonic;             /* begin, µs since boot */
        uid_t uid;                      /* who registered it */
        uint32_t vsock_cid;             /* 0: none */
        char *ssh_address;              /* where ssh(1) finds it, and with which key */
        char *ssh_private_key_path;
        char *control_address;          /* Varlink address of who runs it */

        uint64_t stop_at;               /* when it is killed, µs since boot, as it was asked to end;
                                         * 0: it was not, UINT64_MAX: never */

        /* What we made for it outside of it, and hence remove with it. Filled
         * with what is planned before anything is made. */
        bool owns_scope;                /* the unit is a scope of ours */
        char *host_interface;           /* name of its link's host end */
        unsigned host_ifindex;          /* its number, once it is there */
        char *address4;                 /* that we gave to the host's end, "10.0.0.1/28" */
        char *address6;
        bool masquerades;               /* is in the firewall's table */
        char *journal_link;             /* /var/log/journal/ID */
        char *journal_root;             /* root directory that it leads into */
        bool keeps_journal_link;        /* when the machine ends */
} MachineInfo;

/**
 * machine_info_done() - free what an info holds
 * @info:               the info, which is empty afterwards
 */
void machine_info_done(MachineInfo *info);

/**
 * machine_new() - create a machine object
 * @info:               what is known of it; taken over on success only
 * @leader_fd:          pidfd of its leader; taken over on success only
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int machine_new(MachineInfo *info, int leader_fd, Machine **ret);

/**
 * machine_info_part() - the control group that is the machine's alone
 * @info:               the machine
 * @ret:                return location for its path
 *
 * Where a manager divides its unit, this leaves out what it has kept for itself.
 *
 * Return: 1 if it is a part of the unit, 0 if all of it, negative error code.
 * Errors: -ESRCH       none is known
 *         -ENOMEM
 */
int machine_info_part(const MachineInfo *info, char **ret);

/**
 * machine_is_frozen() - check whether all of a machine's processes stand still
 * @m:                  the machine
 *
 * Return: whether they do. Where the kernel does not say so, they go on.
 */
bool machine_is_frozen(const Machine *m);

/**
 * machine_free() - destroy a machine object
 * @m:                  object to destroy, or NULL
 *
 * Its processes are not touched: a daemon that restarts must leave its
 * containers running.
 *
 * Return: NULL, always.
 */
Machine *machine_free(Machine *m);
DEFINE_CLEANUP(Machine, machine_free);

/**
 * machine_info_holds_unit() - check whether a unit is there for one machine
 * @info:               the machine
 *
 * Not so if the machine is only a part of a unit that others may be in, too, as
 * in a user's own service manager; and never on the word of somebody who is not
 * root, whose process may be in any unit. It takes a look at the other machines
 * to tell whether it shares its unit with one of those.
 *
 * Return: whether ending the unit ends this machine, and nothing else.
 */
bool machine_info_holds_unit(const MachineInfo *info);

/**
 * machine_info_stands_for_unit() - check whether a unit's processes are the machine's
 * @info:               the machine
 *
 * Return: whether all processes of its unit, its manager's included, may be
 *         said to be the machine's, if no other machine is in that unit.
 */
bool machine_info_stands_for_unit(const MachineInfo *info);

const MachineInfo *machine_info(const Machine *m);

/* For the manager and the steps that it runs: who else reads the info may not change it. */
MachineInfo *machine_info_edit(Machine *m);
void machine_set_state(Machine *m, MachineState state);

MachineState machine_state(const Machine *m);
int machine_leader_fd(const Machine *m);

/* Where its map of ids is kept, for daemon/core/idmap.c. */
IdMap *machine_id_map(Machine *m, IdKind kind);

/* For daemon/core/watch.c. */
MachineWatch *machine_watch(Machine *m);

/* What was last seen in it. */
Sight *machine_sight(Machine *m);

/**
 * machine_kill() - send a signal to the processes of a machine
 * @m:                  machine to signal
 * @whom:               its leader, its supervisor, or all in its unit, or in its
 *                      part of it
 * @signo:              signal number
 *
 * For a machine of somebody who is not root, those processes are signalled that
 * this user may signal anyway, but for all in a scope that we have made for it.
 *
 * SIGRTMIN+4 for a leader that does not listen to it goes to its supervisor if
 * that is berth-run, who knows how to ask it to power off.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      @signo is not a signal
 *         -EOPNOTSUPP  it is the host
 *         -EACCES      the leader or supervisor is not the user's any more
 *         -ESRCH       nothing to signal is left
 */
int machine_kill(Machine *m, KillWhom whom, int signo);

/**
 * machine_open_root() - open the root directory that a machine sees
 * @m:                  a container, or the host
 *
 * Return: the descriptor, opened with O_PATH, for use with lib/base/beneath.h;
 *         negative error code on failure.
 * Errors: -EOPNOTSUPP  it is a VM
 *         -ESRCH       its leader has gone
 */
int machine_open_root(Machine *m);

const char *machine_class_to_string(MachineClass class);
const char *machine_state_to_string(MachineState state);

/**
 * machine_class_from_string() - read a class that a client may register
 * @s:                  "container" or "vm"
 * @ret:                return location for the class
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      another; "host" is not for clients
 */
int machine_class_from_string(const char *s, MachineClass *ret);

/**
 * kill_whom_from_string() - read who is to be signalled
 * @s:                  "leader", "supervisor", "all", or "" for all
 * @ret:                return location for the answer
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      another
 */
int kill_whom_from_string(const char *s, KillWhom *ret);
