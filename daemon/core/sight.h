/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sight
 *
 * What was last seen in a machine by somebody who asked, for those who ask for
 * all machines at once: to look into each of a thousand takes a quarter of a
 * second. Nobody watches a guest, so what was seen is good for some seconds only.
 */

#include "lib/base/base.h"
#include "lib/kernel/netlink-address.h"

/* Long enough for a list that is refreshed, short enough for who has changed something and looks. */
#define SIGHT_USEC (10 * USEC_PER_SEC)

/* Empty, and known to nobody, if all is 0. */
typedef struct Sight {
        char *os_id, *os_version;       /* NULL if its os-release lacks it */
        uint64_t os_at;                 /* µs since boot */
        NetlinkAddress *addresses;
        size_t n_addresses;
        uint64_t addresses_at;
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
 */
void sight_note_addresses(Sight *s, const NetlinkAddress *addresses, size_t n);

/* Whether it is worth telling. */
bool sight_knows_os(const Sight *s);
bool sight_knows_addresses(const Sight *s);
