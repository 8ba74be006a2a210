/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Resource limits
 */

#include "lib/base/base.h"

/**
 * limits_reset() - take the resource limits that the kernel gives to PID 1
 * @keep:               those that stay as they are, as bits: bit N is resource N
 *
 * Whatever the limits of the one who started us are: a guest's PID 1 finds what
 * that of a host finds. Those that depend on the machine's size are read from
 * PID 1 of the host. A hard limit that we may not raise stays what it is.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what prlimit() runs into
 */
int limits_reset(uint64_t keep);
