/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Address families of sockets by name, as bits: bit N is AF_… number N.
 */

#include "lib/base/base.h"

/* No kernel has as many. */
#define ADDRESS_FAMILIES 64

#define ADDRESS_FAMILY_BIT(family) (UINT64_C(1) << (family))

/**
 * address_families_parse() - read a list of address families
 * @s:                  names with spaces between them, "AF_INET AF_UNIX"
 * @ret:                return location for their bits
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      one is unknown, or the list is empty
 *         -ENOMEM
 */
int address_families_parse(const char *s, uint64_t *ret);

/**
 * address_family_name() - name of an address family
 * @family:             its number
 *
 * Return: a static string, or NULL if we do not know it.
 */
const char *address_family_name(unsigned family);
