/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Addresses of machines
 */

#include "daemon/core/machine.h"
#include "lib/kernel/netlink-address.h"

/**
 * machine_list_addresses() - list where a machine may be reached
 * @m:                  a container, or the host
 * @ret:                return location for the list, to be freed
 * @ret_n:              return location for its length
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_PRIVATE_NETWORK        it has the host's network
 *         -EOPNOTSUPP                  it is a VM
 *         -ESRCH                       its leader has gone
 *         others                       what the kernel answered
 */
int machine_list_addresses(Machine *m, NetlinkAddress **ret, size_t *ret_n);
