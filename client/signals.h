/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Signals
 *
 * Their names: TERM, SIGTERM, 15, RTMIN+4, SIGRTMAX-1.
 */

#include "lib/base/base.h"

/**
 * signal_from_string() - read a signal
 * @s:                  its name, with or without SIG in front, or its number
 *
 * Return: the number, negative error code on failure.
 * Errors: -EINVAL      not a signal
 */
int signal_from_string(const char *s);

/* Prints the names of all signals, one a line. */
void signals_print(void);
