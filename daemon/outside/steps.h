/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The rows of the table in outside.c, each in its own file, and what they share.
 * The subject of all is a Creation; applying and undoing read the plan in its
 * info, and planning fills it.
 */

#include <systemd/sd-event.h>

#include "daemon/core/creation.h"
#include "daemon/outside/nat.h"
#include "lib/spec/config.h"

/* What all creations have in common; Creation.outside points to it. */
typedef struct OutsideContext {
        sd_event *event;
        Config config;
        Id128 host;                     /* the host's machine id */

        /* The kernel takes longer to remove one link or entry than we may make
         * anybody wait, and no longer for a thousand: they are collected. */
        sd_event_source *flush;
        char **gone_links;              /* names, for their entries in the table */
        NatEntry *gone_entries;
        size_t n_gone_entries;
        size_t n_entries;               /* that are in the table */
} OutsideContext;

extern const Step step_scope;
extern const Step step_link;
extern const Step step_address;
extern const Step step_nat;
extern const Step step_journal;

/**
 * link_step_plan() - decide whether a machine gets a link
 * @c:                  its creation
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       the leader has gone
 *         others       what looking into its network runs into
 */
int link_step_plan(Creation *c);

/**
 * journal_step_plan() - decide whether a machine's journal is shown on the host
 * @c:                  its creation
 *
 * A root directory that lies is refused, whether there is a journal or not.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_UNSAFE_PATH       the root directory is a link or no directory, or
 *                              its journal leads out of it
 *         -E_BAD_MACHINE_ID    it has a machine id, but that is garbage
 *         others               what opening it runs into
 */
int journal_step_plan(Creation *c);

/**
 * nat_entry_of() - what a machine is in the firewall's table
 * @info:               the machine
 * @ret:                return location; its strings are the machine's
 *
 * Return: true if it is in there.
 */
bool nat_entry_of(const MachineInfo *info, NatEntry *ret);

/**
 * outside_flush_later() - have what was collected removed when the loop is idle
 * @o:                  the context
 */
void outside_flush_later(OutsideContext *o);
