/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Both ends of a socketpair as D-Bus connections on one event loop: no broker, no
 * threads, and the test plays whoever is at the other end.
 */

#include <systemd/sd-bus.h>

typedef struct BusPair {
        sd_bus *client, *server;
} BusPair;

/* Opens both, and runs the loop until they have greeted each other: before, a
 * connection sends nothing, and cannot tell whether it passes descriptors. */
void bus_pair_open(BusPair *p, sd_event *event);
void bus_pair_close(BusPair *p);
