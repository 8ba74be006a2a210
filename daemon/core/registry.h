/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Registry
 *
 * The tables in which machines are found: by name, by unit and by leader, and
 * in the order of their coming. It is the manager's, and knows no rules.
 */

#include <systemd/sd-event.h>
#include <uthash.h>

#include "daemon/core/machine.h"

typedef struct Place Place;

/* A machine in the tables, and what tells of its end. */
typedef struct Entry {
        Machine *machine;
        void *owner;                    /* for callbacks, which are given the entry */
        uid_t uid;                      /* whose it is */
        sd_event_source *leader_exited;
        sd_event_source *supervisor_exited, *patience;  /* while its supervisor may tell how it has ended */
        bool has_status;                /* that has told it */
        int status;                     /* of its leader, as waitpid() has it */
        Place *unit, *subgroup;         /* where it is; NULL: not in the table, or in no subgroup */
        UT_hash_handle by_name;
        UT_hash_handle by_leader;
} Entry;

/* A unit ("machine-web.scope") or a part of one ("berth@web.service/payload"). */
struct Place {
        char *path;
        Entry *holder;                  /* whom its processes belong to, or NULL */
        size_t n_machines;              /* in it */
        UT_hash_handle by_path;
};

/* Somebody else than root who has machines. */
typedef struct Owner {
        uid_t uid;
        size_t n_machines;
        UT_hash_handle by_uid;
} Owner;

/* Empty if all is NULL. */
typedef struct Registry {
        Entry *by_name;
        Entry *by_leader;
        Place *places;
        Owner *owners;
} Registry;

/**
 * registry_add() - add a machine, by its name and leader
 * @r:                  the tables
 * @machine:            the machine; taken over on success only
 * @owner:              for the entry
 * @ret:                return location for the entry
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int registry_add(Registry *r, Machine *machine, void *owner, Entry **ret);

/**
 * registry_add_unit() - have a machine found by its unit
 * @r:                  the tables
 * @e:                  the machine
 *
 * A unit may hold several machines, as when nspawn runs in a login session: what
 * is in the part of none of them belongs to the first that stands for the unit.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int registry_add_unit(Registry *r, Entry *e);

/**
 * registry_drop() - remove a machine, and free it
 * @r:                  the tables
 * @e:                  the machine
 */
void registry_drop(Registry *r, Entry *e);

/* Those that are there, or NULL. */
Entry *registry_find(const Registry *r, const char *name);
Entry *registry_find_leader(const Registry *r, pid_t leader);

/**
 * registry_find_unit() - find the machine of a place in a unit
 * @r:                  the tables
 * @unit:               the unit
 * @below:              path below it, "" for the unit's own group
 *
 * Return: the machine, or NULL.
 */
Entry *registry_find_unit(const Registry *r, const char *unit, const char *below);

/* How many machines a user has, who is not root. */
size_t registry_count(const Registry *r, uid_t uid);

/* Whether there are more machines in its unit. */
bool registry_shares_unit(const Entry *e);

/* The one behind @e, or the first one if that is NULL; NULL at the end. */
Entry *registry_next(const Registry *r, const Entry *e);

/* The machine of @e, or NULL: one that is opening is nobody's business yet. */
Machine *entry_if_open(const Entry *e);
