/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The loopback interface of a network namespace
 */

#include "lib/base/base.h"

/**
 * loopback_up() - bring up the loopback interface of our network namespace
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what socket() and ioctl() run into
 */
int loopback_up(void);
