/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * DNS
 *
 * As much of it as there is to an address: names, and records as they go over the
 * wire (RFC 1035, 3.2.1 and RFC 3596).
 */

#include "lib/base/base.h"

#define DNS_CLASS_IN 1
#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28

/* Answers to a question, RFC 1035, 4.1.1. */
#define DNS_RCODE_SUCCESS 0
#define DNS_RCODE_NXDOMAIN 3

/**
 * dns_name_strip_root() - write a name as machines write theirs
 * @name:               name to change, in place: without a final dot
 */
void dns_name_strip_root(char *name);

/**
 * dns_name_is_valid() - check whether a name can be asked for
 * @name:               a machine's name; its letters are all right
 *
 * Return: whether no label of it is longer than 63 bytes, and none is empty.
 */
bool dns_name_is_valid(const char *name);

/**
 * dns_record_encode() - write an address record as it goes over the wire
 * @name:               whose address it is: labels of at most 63 bytes
 * @type:               DNS_TYPE_A or DNS_TYPE_AAAA
 * @address:            the address
 * @size:               number of its bytes
 * @ret:                return location for the record, in base64
 *
 * With a time to live of 0: it is true only now.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      @name is no such name
 *         -ENOMEM
 */
int dns_record_encode(const char *name, uint16_t type, const uint8_t *address, size_t size, char **ret);
