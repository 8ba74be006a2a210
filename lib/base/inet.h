/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Internet addresses and ranges of them
 *
 * An address with the length of its network's prefix, as an interface has it
 * (10.0.0.1/28), or the network alone (10.0.0.0/28). Both families alike, no
 * sockets, no kernel: only arithmetic on bytes.
 */

#include <netinet/in.h>

#include "lib/base/base.h"

#define INET_STRING_SIZE (INET6_ADDRSTRLEN + 4) /* "/128" behind the longest address */

/* The most networks that a pool is cut into: inet_range_count() gives no more. */
#define INET_COUNT_MAX (UINT32_C(1) << 20)

typedef struct InetRange {
        int family;             /* AF_INET or AF_INET6; 0 where there is none */
        uint8_t bytes[16];      /* the first 4 for AF_INET, the others are 0 then */
        unsigned length;        /* bits of the prefix */
} InetRange;

static inline size_t inet_size(int family) {
        return family == AF_INET6 ? 16 : 4;
}

/**
 * inet_range_parse() - read a network such as 10.0.0.0/28 or fd00::/64
 * @s:                  address, slash and length; nothing set behind the prefix
 * @ret:                return location for the network
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a network
 */
int inet_range_parse(const char *s, InetRange *ret);

/**
 * inet_address_parse() - read an address such as 10.0.0.1/28
 * @s:                  address, slash and length of its network's prefix
 * @ret:                return location for both
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not an address, or no length
 */
int inet_address_parse(const char *s, InetRange *ret);

/* Writes @range as ADDRESS/LENGTH into @buffer, and returns that. */
const char *inet_range_format(const InetRange *range, char buffer[static INET_STRING_SIZE]);

/* Writes the address of @range without its length into @buffer, and returns that. */
const char *inet_address_format(const InetRange *range, char buffer[static INET_STRING_SIZE]);

bool inet_range_equal(const InetRange *a, const InetRange *b);

/**
 * inet_range_overlaps() - whether two ranges share an address
 * @a:                  a network, or an address in it
 * @b:                  another
 *
 * Return: whether they do; never if their families differ.
 */
bool inet_range_overlaps(const InetRange *a, const InetRange *b);

/**
 * inet_range_network() - the network that an address lies in
 * @address:            address with the length of its prefix
 *
 * Return: the same with nothing set behind the prefix.
 */
InetRange inet_range_network(const InetRange *address);

/**
 * inet_range_host() - an address in a network
 * @network:            the network
 * @number:             which one, counted from its first; up to 255, and within
 *
 * Return: the address, with the network's length.
 */
InetRange inet_range_host(const InetRange *network, uint8_t number);

/**
 * inet_range_count() - how many networks a pool is cut into
 * @pool:               the pool
 * @length:             prefix of the networks
 *
 * Return: their number, INET_COUNT_MAX if there are more, 0 if the pool is
 *         smaller than one of them.
 */
uint32_t inet_range_count(const InetRange *pool, unsigned length);

/**
 * inet_range_nth() - one of the networks that a pool is cut into
 * @pool:               the pool
 * @length:             prefix of the networks
 * @n:                  which one, below inet_range_count()
 *
 * Return: the network.
 */
InetRange inet_range_nth(const InetRange *pool, unsigned length, uint32_t n);

/**
 * inet_range_index() - which of a pool's networks an address lies in
 * @pool:               the pool, which the address must be in
 * @length:             prefix of the networks
 * @address:            the address
 *
 * Return: its number, as inet_range_nth() takes it; too high for that if the
 *         pool has more than INET_COUNT_MAX.
 */
uint32_t inet_range_index(const InetRange *pool, unsigned length, const InetRange *address);
