/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The addresses of a machine
 *
 * Each machine has a network of its own with the host, an IPv4 /28 and an IPv6
 * /64: the first address is the host's end, the second the machine's, which
 * routes everything else through the host. Which networks is decided by a hash
 * of the name, so that a machine keeps them, and by what the host has already.
 * Both ends are given their addresses by the daemon: the guest needs no client.
 *
 * Where systemd-networkd runs on the host all that is its business, as it is
 * with systemd's own machines: its 80-container-ve.network gives the host's
 * end an address, a DHCP server and masquerading. That it runs is seen from
 * the processes in its control group (what it leaves below /run is there after
 * it, too), that it cares from that file, unless the administrator masked it.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"
#include "lib/base/inet.h"
#include "lib/spec/config.h"

/* Which address of its network an end has. */
#define ADDRESS_HOST 1
#define ADDRESS_GUEST 2

typedef struct Addresses {
        InetRange net4;         /* the networks; family 0 if there is none */
        InetRange net6;
        bool by_networkd;       /* the host's end is not ours, and both are unset */
} Addresses;

typedef struct AddressRequest {
        const char *machine;
        Id128 host;             /* the host's machine id */
        const Config *config;
        const InetRange *taken; /* networks of machines that are only now being made */
        size_t n_taken;
} AddressRequest;

/**
 * address_networkd_cares() - whether networkd's files are for our links
 * @root_fd:            the host's root directory
 *
 * Return: 1 if it has an 80-container-ve.network that is not masked, 0 if not.
 */
int address_networkd_cares(int root_fd);

/**
 * address_plan() - decide which addresses a machine is to have
 * @request:            which machine, and from which pools
 * @ret:                return location for the decision
 *
 * Looks at the host's addresses and routes, and changes nothing. Without a free
 * IPv6 network there is none.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_POOL_LEFT      no free IPv4 network
 *         others               what the kernel answered
 */
int address_plan(const AddressRequest *request, Addresses *ret);

/**
 * address_setup() - give both ends of a machine's link their addresses
 * @a:                  what address_plan() decided; if one of the ends has no
 *                      IPv6, then it is taken from there
 * @netns_fd:           the network namespace of the leader
 * @ifindex:            the host's end of the link
 *
 * Sets both ends up, or only the machine's if the other one is networkd's. It
 * all goes away with the link.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      one of the ends has gone
 *         others       what the kernel answered
 */
int address_setup(Addresses *a, int netns_fd, unsigned ifindex);
