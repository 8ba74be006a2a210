/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * SipHash-2-4
 *
 * The hash that systemd derives MAC addresses, interface names and UID ranges
 * with. (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.)
 */

#include "lib/base/base.h"

/**
 * siphash24() - hash some bytes
 * @data:               bytes to hash
 * @size:               their number
 * @key:                key to hash them with
 *
 * Return: the hash, as number of the host.
 */
uint64_t siphash24(const void *data, size_t size, const uint8_t key[16]);
