/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Keys that end a session
 *
 * As people write them, in the manner of podman: "ctrl-p,ctrl-q", "^],^],^]",
 * "a,b,c".
 */

#include "lib/base/base.h"
#include "lib/kernel/relay.h"

/**
 * keys_parse() - read a sequence of keys
 * @s:                  keys, separated by commas; "" for none
 * @ret:                where to put what they send
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not such a sequence, or too long
 */
int keys_parse(const char *s, char ret[static RELAY_KEYS_MAX + 1]);
