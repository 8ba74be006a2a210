/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * 128-bit ids
 *
 * Machine ids, boot ids, UUIDs: 16 bytes, written as 32 hexadecimal digits or,
 * with dashes, as UUID. See machine-id(5).
 */

#include "lib/base/base.h"

typedef struct Id128 {
        uint8_t bytes[16];
} Id128;

#define ID128_STRING_MAX 33     /* 32 digits and the NUL */
#define ID128_UUID_MAX 37       /* with four dashes */

bool id128_is_null(Id128 id);
bool id128_equal(Id128 a, Id128 b);

/**
 * id128_parse() - read an id
 * @s:                  32 hexadecimal digits, or a UUID
 * @ret:                return location for the id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      neither
 */
int id128_parse(const char *s, Id128 *ret);

/* Write @id as 32 digits, or as UUID, into @buffer, and return that. */
const char *id128_format(Id128 id, char buffer[static ID128_STRING_MAX]);
const char *id128_format_uuid(Id128 id, char buffer[static ID128_UUID_MAX]);

/**
 * id128_random() - make a random id, a version 4 UUID (RFC 4122, 4.4)
 * @ret:                return location for the id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what getrandom() runs into
 */
int id128_random(Id128 *ret);

/**
 * id128_read_machine() - read the machine id of a root directory
 * @root_fd:            the root directory, of a guest or of the host
 * @ret:                return location for the id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      there is none, or it is empty or "uninitialized"
 *         -EINVAL      it is garbage, or zero
 *         others       what beneath_read() runs into
 */
int id128_read_machine(int root_fd, Id128 *ret);

/**
 * id128_host_machine() - the machine id of this host
 * @ret:                return location for the id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as id128_read_machine()
 */
int id128_host_machine(Id128 *ret);
