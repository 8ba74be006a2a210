/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Privileges
 *
 * What a process may do beyond its user: its capabilities, as a set of bits
 * (bit N is capability N of capabilities(7)).
 */

#include "lib/base/base.h"

typedef struct Privileges {
        uint64_t bounding, permitted, effective, inheritable, ambient;
} Privileges;

/**
 * privileges_read() - ask the kernel which capabilities we have
 * @ret:                return location for the sets
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what capget() runs into
 */
int privileges_read(Privileges *ret);

/**
 * privileges_bound() - let no later exec() give us more than some capabilities
 * @keep:               capabilities that remain in the bounding set, as bits
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       it would have to shrink, and we lack CAP_SETPCAP
 */
int privileges_bound(uint64_t keep);

/**
 * privileges_limit() - give up all capabilities but some, for good
 * @keep:               capabilities that remain, as bits
 *
 * Takes the others from the permitted and the effective set; nothing is
 * inheritable or ambient afterwards. What we do not hold we cannot keep. After
 * privileges_bound(), as it takes what that needs.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what prctl() and capset() run into
 */
int privileges_limit(uint64_t keep);

/**
 * privileges_set_ambient() - keep capabilities over exec(), as whatever user
 * @capabilities:       capabilities that we hold, as bits
 *
 * They become inheritable, too. After privileges_limit(), which clears them.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       we lack one of them
 */
int privileges_set_ambient(uint64_t capabilities);

/**
 * privileges_hold() - give up all capabilities but some, for programs, too
 * @keep:               capabilities that remain, as bits
 * @ambient:            those of them that programs keep, whatever user they are
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as privileges_limit() and privileges_set_ambient()
 */
int privileges_hold(uint64_t keep, uint64_t ambient);

/**
 * privileges_raise() - have the effect of all capabilities that we hold
 *
 * They lose it when a process that keeps them becomes another user.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what capset() runs into
 */
int privileges_raise(void);

/**
 * privileges_become() - become somebody else, with some capabilities
 * @uid:                user to become, not root
 * @gid:                group to become; there are no supplementary ones
 * @keep:               capabilities that we and the programs we execute have, as bits
 *
 * For root, and there is no way back: no other capability can be had by any exec().
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       we lack one of them, or what it takes to change users
 */
int privileges_become(uid_t uid, gid_t gid, uint64_t keep);

/**
 * privileges_forbid_new() - let no later exec() gain privileges
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what prctl() runs into
 */
int privileges_forbid_new(void);
