/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names of signals
 */

#include "lib/base/base.h"

/**
 * signal_from_string() - read the name of a signal
 * @s:                  SIGTERM, TERM, 15, SIGRTMIN+3, RTMAX-1, …
 *
 * Return: its number, negative error code on failure.
 * Errors: -EINVAL      not a signal
 */
int signal_from_string(const char *s);

#define SIGNAL_STRING_MAX 16

/* Write the name of @signo ("SIGTERM", "SIGRTMIN+3") into @buffer, and return that. */
const char *signal_to_string(int signo, char buffer[static SIGNAL_STRING_MAX]);
