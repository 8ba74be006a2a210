/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Moments
 *
 * Points in time, as systemd's programs print them: "Sun 2026-11-22 00:20:31
 * UTC", "3min 2s ago".
 */

#include "lib/base/base.h"

#define MOMENT_SIZE 128

/* Writes the moment @usec, of the wall clock, into @buffer, and returns that; "" for 0. */
const char *moment_format(uint64_t usec, char buffer[static MOMENT_SIZE]);

/* Writes how long ago @usec was at @now into @buffer, and returns that; "" if it was not yet. */
const char *moment_format_ago(uint64_t usec, uint64_t now, char buffer[static MOMENT_SIZE]);

/* The wall clock. */
uint64_t moment_now(void);
