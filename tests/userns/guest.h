/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Guests
 *
 * Machines for tests of what lies outside of them: network namespaces with a link
 * and addresses, and packets that go in and out. All in a namespace of the test's
 * own, see userns.h.
 */

#include "daemon/outside/address.h"
#include "daemon/outside/link.h"
#include "lib/kernel/netlink-link.h"

#define EVIL 'e'       /* what is to be lost on its way */

/* A machine: where it lives, and what the daemon gave it. */
typedef struct Guest {
        int netns_fd;
        Link link;
        Addresses addresses;
} Guest;

extern const Id128 host_id;

/* Without a link. */
void guest_init(Guest *g);

/* With a link and addresses; skips the test where networkd gives these. */
void guest_wire(Guest *g, const char *machine);

void guest_done(Guest *g);

/* Plans its addresses, and gives them to the link that it has. */
int guest_address(Guest *g, const char *machine, const Config *config);

/* In a namespace, ours for -EBADF. */
NetlinkLink find_link(int netns_fd, const char *name);

/* As the daemon does it: put aside, and removed with all others. */
int drop_link(const char *machine, unsigned ifindex);

void check_sysctl(const char *path, const char *wanted);

/* A datagram socket in a namespace, ours for -EBADF, bound to @address. */
int bind_in(int netns_fd, const InetRange *address);

void send_to(int fd, const InetRange *to, char what);

/* Sends until something arrives, and returns that: @what, or EVIL which should not have. */
char deliver(int from, const InetRange *to, int at, char what, InetRange *ret_from);

bool same_address(const InetRange *a, const InetRange *b);
void check_both_ways(int a, const InetRange *address_a, int b, const InetRange *address_b);
