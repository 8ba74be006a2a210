/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Pools of addresses
 *
 * Which network of a pool a machine gets: the one that a hash of its name says,
 * so that it keeps it, or the next one that is not in use. Only arithmetic:
 * what is in use is for the caller to know.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"
#include "lib/base/inet.h"
#include "lib/spec/config.h"

/**
 * pool_of_host() - the host's own pool of IPv6 networks
 * @host:               the host's machine id
 *
 * Return: a /48 of the unique local addresses, other hosts having others: its
 *         40 bits of a global id (RFC 4193, 3.2) follow from the machine id.
 */
InetRange pool_of_host(Id128 host);

/**
 * pool_choose() - choose the network of a machine
 * @machine:            its name
 * @pools:              where to choose from, the first one first
 * @length:             prefix of the network
 * @used:               what is in use: addresses, routes, other machines
 * @n_used:             their number
 * @ret:                return location for the network
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_POOL_LEFT      every network of every pool is in use
 *         -ENOMEM
 */
int pool_choose(
                const char *machine,
                const ConfigPools *pools,
                unsigned length,
                const InetRange *used,
                size_t n_used,
                InetRange *ret);
