/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names and MAC addresses of network interfaces
 *
 * Both follow from the machine's name, so that a machine meets the same
 * network each time it starts. The derivation is systemd-nspawn's, bit by bit:
 * a machine that moves from there keeps its leases and its firewall rules.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"

#define IFNAME_SIZE 16          /* IFNAMSIZ of Linux: 15 bytes and the NUL */
#define MAC_STRING_SIZE 18      /* 6 pairs of digits, 5 colons and the NUL */

/* The name of a machine's own end of its veth pair. */
#define IFNAME_GUEST "host0"

typedef struct Mac {
        uint8_t bytes[6];
} Mac;

/* Each interface of a machine has an address of its own. */
typedef enum MacKind {
        MAC_VETH_HOST,          /* ve-NAME or vb-NAME */
        MAC_VETH_GUEST,         /* host0 */
        MAC_EXTRA_HOST,         /* further veth pairs, numbered from 0 */
        MAC_EXTRA_GUEST,
        MAC_MACVLAN,            /* numbered from 0 */
        _MAC_KIND_MAX,
} MacKind;

/**
 * mac_derive() - find the MAC address of a machine's interface
 * @kind:               which of its interfaces
 * @host:               the host's machine id: other hosts, other addresses
 * @machine:            the machine's name
 * @number:             which one of this kind, 0 for the first
 *
 * Return: the address, unicast and locally administered.
 */
Mac mac_derive(MacKind kind, Id128 host, const char *machine, uint64_t number);

/* Writes @mac as xx:xx:xx:xx:xx:xx into @buffer, and returns that. */
const char *mac_format(Mac mac, char buffer[static MAC_STRING_SIZE]);

/**
 * ifname_derive() - find the name of a machine's interface on the host
 * @prefix:             "ve-" for a veth pair, "vb-" if it is bridged, or the like
 * @machine:            the machine's name
 * @ret:                return location for the name
 *
 * A name that the kernel would not take for its length ends in 24 bits of a
 * hash of the full one instead. The full one is then to be its altname.
 *
 * Return: 1 if the name had to be shortened, 0 if not.
 */
int ifname_derive(const char *prefix, const char *machine, char ret[static IFNAME_SIZE]);

/**
 * ifname_is_valid() - check the name of a network interface
 * @name:               name to check
 *
 * What the kernel takes, without what other programs stumble over: 1 to 15
 * printable ASCII characters, no blank, '/', ':' or '%', not only digits, and
 * none of the names that stand for directories and sysctl defaults.
 *
 * Return: whether it is valid.
 */
bool ifname_is_valid(const char *name);
