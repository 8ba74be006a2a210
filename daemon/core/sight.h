/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sight
 *
 * What was last seen in a machine, by the survey or for somebody who asked, for
 * those who ask for all machines at once: to look into each of a thousand takes
 * a quarter of a second. The kernel tells when addresses change (survey.h), and
 * where it does, what was seen is good until then; where it does not, for some
 * seconds. What system runs in a machine hardly ever changes while it does: that
 * is good until it was looked at again.
 */

#include "lib/base/base.h"
#include "lib/kernel/netlink-address.h"

/* After that, who lists it has its operating system looked at again. */
#define SIGHT_OLD_USEC (60 * USEC_PER_SEC)

/* Long enough for a list that is refreshed, short enough for who has changed something and looks. */
#define SIGHT_USEC (10 * USEC_PER_SEC)

/* Empty, and known to nobody, if all is 0. */
typedef struct Sight {
        char *os_id, *os_version;       /* NULL if its os-release lacks it */
        uint64_t os_at;                 /* µs since boot; 0: not known */
        NetlinkAddress *addresses;
        size_t n_addresses;
        uint64_t addresses_at;
        bool addresses_stay;            /* as long as nobody says that they have changed */

        /* Of the survey */
        bool is_wanted, os_is_wanted;   /* to be looked at anew, and not only at its addresses */
        bool is_barred;                 /* its files could not be looked at in time */
        bool is_watched;
        int network;                    /* number of its namespace, if it is watched */
        unsigned n_changes;             /* of its addresses, that were told of */
} Sight;

void sight_done(Sight *s);

/**
 * sight_note_os() - note what was read of an os-release
 * @s:                  the sight
 * @pairs:              key, value, …, or NULL if there is none
 *
 * What is unreasonably long is not kept.
 */
void sight_note_os(Sight *s, char *const *pairs);

/**
 * sight_note_addresses() - note where a machine may be reached
 * @s:                  the sight
 * @addresses:          the list, which is copied
 * @n:                  its length; what is unreasonably long is not kept
 * @stay:               whether it will be told when they change
 *
 * What stays is not replaced by what does not: it is as good, and for longer.
 */
void sight_note_addresses(Sight *s, const NetlinkAddress *addresses, size_t n, bool stay);

/* The addresses are not what they were. */
void sight_note_change(Sight *s);

/* Whether it is time to look at its operating system again. */
bool sight_is_old(const Sight *s);

/* Whether it is worth telling. */
bool sight_knows_os(const Sight *s);
bool sight_knows_addresses(const Sight *s);
