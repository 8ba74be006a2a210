/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Network interfaces, over netlink
 */

#include "lib/base/base.h"
#include "lib/base/ifname.h"
#include "lib/kernel/netlink.h"

typedef struct NetlinkLink {
        unsigned ifindex;
        char name[IFNAME_SIZE];
        char kind[16];          /* "veth", or "" for hardware */
        Mac mac;
        uint32_t group;         /* a number that its creator may choose; 0 unless chosen */
        bool up;
} NetlinkLink;

typedef struct NetlinkCounters {
        uint64_t bytes, packets, errors, dropped;
} NetlinkCounters;

/* What has passed through an interface since it is there. */
typedef struct NetlinkTraffic {
        char name[IFNAME_SIZE];
        NetlinkCounters received, sent;
} NetlinkTraffic;

/* Two interfaces that are each other's far end. */
typedef struct NetlinkVeth {
        const char *name;
        Mac mac;
        uint32_t group;
        const char *peer_name;
        Mac peer_mac;
        int peer_netns_fd;      /* the namespace that the peer is born in */
} NetlinkVeth;

/**
 * netlink_create_veth() - create a veth pair
 * @nl:                 socket in the namespace of the near end
 * @veth:               what to create
 *
 * One request: the pair is there, each end in its namespace with its name and
 * its address, or it is not. Both ends are down.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EEXIST      one of the names is taken
 *         others       what the kernel answered
 */
int netlink_create_veth(Netlink *nl, const NetlinkVeth *veth);

/**
 * netlink_find_link() - look an interface up by its name
 * @nl:                 socket in its namespace
 * @name:               its name, at most 15 bytes
 * @ret:                return location for what is known of it
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      no such interface
 *         others       what the kernel answered
 */
int netlink_find_link(Netlink *nl, const char *name, NetlinkLink *ret);

/**
 * netlink_get_link() - look an interface up by its number
 * @nl:                 socket in its namespace
 * @ifindex:            its number, above 0
 * @ret:                return location for what is known of it
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      no such interface
 *         others       what the kernel answered
 */
int netlink_get_link(Netlink *nl, unsigned ifindex, NetlinkLink *ret);

/**
 * netlink_get_traffic() - look up what has passed through an interface
 * @nl:                 socket in its namespace
 * @ifindex:            its number, above 0
 * @ret:                return location for its name and counters
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      no such interface
 *         others       what the kernel answered
 */
int netlink_get_traffic(Netlink *nl, unsigned ifindex, NetlinkTraffic *ret);

/**
 * netlink_list_veths() - list the veth interfaces of a namespace
 * @nl:                 socket in the namespace
 * @ret:                return location for the list, to be freed
 * @ret_n:              return location for its length
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         -EAGAIN      it changed too often to be listed
 *         others       what the kernel answered
 */
int netlink_list_veths(Netlink *nl, NetlinkLink **ret, size_t *ret_n);

/**
 * netlink_delete_link() - delete an interface, with its peer if it has one
 * @nl:                 socket in its namespace
 * @ifindex:            its number, above 0
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      no such interface
 *         others       what the kernel answered
 */
int netlink_delete_link(Netlink *nl, unsigned ifindex);

/**
 * netlink_delete_links() - delete all interfaces of a group, with their peers
 * @nl:                 socket in their namespace
 * @group:              its number, not 0
 *
 * The kernel waits once for all of them, where it takes some hundredths of a
 * second to delete one.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      there are none
 *         others       what the kernel answered
 */
int netlink_delete_links(Netlink *nl, uint32_t group);

/**
 * netlink_set_link_group() - put an interface into another group
 * @nl:                 socket in its namespace
 * @ifindex:            its number, above 0
 * @group:              the group
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      no such interface
 *         others       what the kernel answered
 */
int netlink_set_link_group(Netlink *nl, unsigned ifindex, uint32_t group);

/**
 * netlink_set_link_up() - let an interface begin to work
 * @nl:                 socket in its namespace
 * @ifindex:            its number, above 0
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      no such interface
 *         others       what the kernel answered
 */
int netlink_set_link_up(Netlink *nl, unsigned ifindex);

/**
 * netlink_set_link_alias() - note something about an interface, for people
 * @nl:                 socket in its namespace
 * @ifindex:            its number, above 0
 * @alias:              the text, at most 255 bytes
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODEV      no such interface
 *         others       what the kernel answered
 */
int netlink_set_link_alias(Netlink *nl, unsigned ifindex, const char *alias);

/**
 * netlink_add_altname() - give an interface one more name, which may be long
 * @nl:                 socket in its namespace
 * @ifindex:            its number, above 0
 * @altname:            the name, at most 127 bytes
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EEXIST      an interface has that name
 *         -EOPNOTSUPP  the kernel is older than 5.5
 *         others       what the kernel answered
 */
int netlink_add_altname(Netlink *nl, unsigned ifindex, const char *altname);
