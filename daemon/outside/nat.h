/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The way of machines into the world
 *
 * The host forwards what its machines send, under its own address, and lets in
 * what answers that. It is done by a table of our own, "inet berth", whose
 * rules never change: machines are elements of its sets, and come and go by one
 * small transaction each. A machine may send from its own addresses only.
 *
 * What other tables drop stays dropped: in nftables one acceptance does not
 * make up for another table's refusal.
 *
 * Where there is no nftables all calls fail with -EOPNOTSUPP. Host and machine
 * reach each other all the same.
 */

#include "lib/base/base.h"
#include "lib/base/inet.h"

/* A machine whose addresses were given by address_setup(). */
typedef struct NatEntry {
        const char *ifname;     /* the host's end of its link */
        InetRange net4;         /* its networks; family 0 if there is none */
        InetRange net6;
} NatEntry;

/**
 * nat_enable_forwarding() - let the host pass on what is not for itself
 * @four:               for IPv4
 * @six:                for IPv6, if the kernel has it
 *
 * A host that forwards IPv6 does not listen to routers any more, unless told
 * to do so all the same: interfaces that do are told first. Where forwarding is
 * on already nothing is changed. It stays on when the last machine is gone, as
 * nobody can tell who relies on it by then.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what writing below /proc/sys runs into
 */
int nat_enable_forwarding(bool four, bool six);

/**
 * nat_add() - add a machine
 * @entry:              the machine
 * @reterr_text:        return location for what nftables said, to be freed, or NULL
 *
 * Makes the table if it is not there. Does nothing if the machine is.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not the name of a link of ours
 *         -EOPNOTSUPP  no nftables
 *         others       what nft_apply() runs into
 */
int nat_add(const NatEntry *entry, char **reterr_text);

/**
 * nat_remove() - remove machines
 * @entries:            the machines, as they were added
 * @n_entries:          their number
 * @reterr_text:        return location for what nftables said, to be freed, or NULL
 *
 * The kernel takes some hundredths of a second for it, however many they are.
 *
 * Return: 0 on success, also for those that are not there, negative error code
 *         on failure.
 * Errors: as nat_add()
 */
int nat_remove(const NatEntry *entries, size_t n_entries, char **reterr_text);

/**
 * nat_replace() - have exactly these machines
 * @entries:            the machines
 * @n_entries:          their number; with 0 the table is removed
 * @reterr_text:        return location for what nftables said, to be freed, or NULL
 *
 * For the start of the daemon, when the last machine goes, and when somebody
 * flushed the ruleset: one transaction, whatever is there.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as nat_add()
 */
int nat_replace(const NatEntry *entries, size_t n_entries, char **reterr_text);
