/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The link of a machine
 *
 * A pair of virtual Ethernet interfaces: ve-NAME here, host0 in the machine's
 * network namespace. That one is ours is written on it from the moment it is
 * there: it belongs to our group of interfaces (LINK_GROUP), and its MAC
 * address is derived from the machine's full name. So a daemon that was killed
 * finds what it left by looking, and what others made under the same name,
 * stock nspawn above all, is never touched.
 *
 * A machine's name has one owner, this daemon. A link of ours that is there
 * under the name of a machine that is only now being made belongs to its
 * predecessor, and is replaced.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"
#include "lib/base/ifname.h"

/* "bert", as number: `ip link show group 1650815604` lists the links of all machines. */
#define LINK_GROUP UINT32_C(0x62657274)

/* Those that link_discard() has put aside. */
#define LINK_GROUP_DISCARDED (LINK_GROUP + 1)

#define LINK_ALTNAME_SIZE 128   /* ALTIFNAMSIZ of Linux */

typedef struct Link {
        unsigned ifindex;       /* of the host's end */
        char name[IFNAME_SIZE];
        char altname[LINK_ALTNAME_SIZE];        /* the full name, if @name is not; or "" */
} Link;

/**
 * link_wanted() - whether a machine is to be given a link
 * @netns_fd:           the network namespace of its leader
 *
 * It is if that is not the host's, and nobody has put a host0 in it yet.
 *
 * Return: 1 if so, 0 if not, negative error code on failure.
 * Errors: what looking into the namespace runs into
 */
int link_wanted(int netns_fd);

/**
 * link_create() - connect a machine with the host
 * @machine:            its name, a valid one
 * @host:               the host's machine id, which MAC addresses follow from
 * @netns_fd:           the network namespace of its leader
 * @ret:                return location for what there is now
 *
 * Both ends are down. What the guest could do to the host through this end, by
 * advertising routes or by lying about its address, is turned off first.
 *
 * Return: 0 on success, negative error code on failure: nothing is left then.
 * Errors: -EEXIST      somebody else's interface has that name, or there is a
 *                      host0
 *         others       what the kernel answered
 */
int link_create(const char *machine, Id128 host, int netns_fd, Link *ret);

/**
 * link_discard() - have a machine's link removed by the next link_flush()
 * @machine:            its name
 * @host:               the host's machine id
 * @ifindex:            the host's end, or 0 to find it by its name
 *
 * The kernel takes some hundredths of a second to remove one link, and no
 * longer to remove a thousand. A machine of the same name can be given its link
 * at once.
 *
 * Return: 1 if it will be removed, 0 if there is none that is ours, negative
 *         error code on failure.
 * Errors: what the kernel answered
 */
int link_discard(const char *machine, Id128 host, unsigned ifindex);

/**
 * link_flush() - remove all links that were discarded
 *
 * Return: 0 on success, also if there are none, negative error code on failure.
 * Errors: what the kernel answered
 */
int link_flush(void);

/**
 * link_sweep() - remove the links of machines that are no more
 * @kept:               host's ends of the machines that there are
 * @n_kept:             their number
 *
 * Also those that a daemon discarded that was killed then.
 *
 * Return: the number of links that were left over, negative error code on
 *         failure.
 * Errors: what the kernel answered
 */
int link_sweep(const unsigned *kept, size_t n_kept);
