/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Addresses and routes, over netlink
 *
 * Lists come from the kernel, but in a guest's namespace what is on them is
 * the guest's doing, and so is their length: the caller says how much of it is
 * enough.
 */

#include "lib/base/base.h"
#include "lib/base/inet.h"
#include "lib/kernel/netlink.h"

typedef struct NetlinkAddress {
        InetRange address;      /* with its prefix */
        unsigned ifindex;
        uint8_t scope;          /* RT_SCOPE_… */
        uint32_t flags;         /* IFA_F_… */
} NetlinkAddress;

/**
 * netlink_list_addresses() - list the addresses of a namespace
 * @nl:                 socket in the namespace
 * @max:                number of addresses that are enough
 * @ret:                return location for the list, to be freed
 * @ret_n:              return location for its length
 *
 * If there are more than @max, then the list is cut there and @nl is of no
 * more use. A list that was changed meanwhile may lack what is new.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what the kernel answered
 */
int netlink_list_addresses(Netlink *nl, size_t max, NetlinkAddress **ret, size_t *ret_n);

/**
 * netlink_list_public_addresses() - list where a namespace may be reached
 * @nl:                 socket in the namespace
 * @max:                number of addresses that are enough
 * @ret:                return location for the list, to be freed
 * @ret_n:              return location for its length
 *
 * Without the loopback's and those that are deprecated, IPv4 first, then the
 * widest scope first, as machined lists them.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as netlink_list_addresses()
 */
int netlink_list_public_addresses(Netlink *nl, size_t max, NetlinkAddress **ret, size_t *ret_n);

/**
 * netlink_list_routes() - list the destinations of a namespace's routes
 * @nl:                 socket in the namespace
 * @max:                number of destinations that are enough
 * @ret:                return location for the list, to be freed
 * @ret_n:              return location for its length
 *
 * Of all routing tables, including those to its own addresses, without default
 * routes. Cut and incomplete as netlink_list_addresses().
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what the kernel answered
 */
int netlink_list_routes(Netlink *nl, size_t max, InetRange **ret, size_t *ret_n);

/**
 * netlink_find_route() - find the route that leads to an address
 * @nl:                 socket in the namespace
 * @address:            the address; its length does not matter
 * @ret:                return location for the route's destination; length 0
 *                      for a default route
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENETUNREACH         no route leads there
 *         others               a route refuses it, or what the kernel answered
 */
int netlink_find_route(Netlink *nl, const InetRange *address, InetRange *ret);

/**
 * netlink_add_address() - give an interface an address
 * @nl:                 socket in its namespace
 * @ifindex:            the interface
 * @address:            the address, with its prefix
 *
 * It is there at once: nobody is asked whether it is taken already.
 *
 * Return: 0 on success, also if it has it, negative error code on failure.
 * Errors: -EACCES      IPv6 is off on that interface
 *         -EOPNOTSUPP, -EAFNOSUPPORT   the kernel does not know this family
 *         others       what the kernel answered
 */
int netlink_add_address(Netlink *nl, unsigned ifindex, const InetRange *address);

/**
 * netlink_add_default_route() - route all that has no better way to a neighbor
 * @nl:                 socket in the namespace
 * @ifindex:            interface that the neighbor is behind, which must be up
 * @gateway:            the neighbor's address; its length does not matter
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EEXIST      there is a default route
 *         others       what the kernel answered
 */
int netlink_add_default_route(Netlink *nl, unsigned ifindex, const InetRange *gateway);
