/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Host
 *
 * What kind of a host this is.
 */

#include "lib/base/base.h"

/**
 * host_has_systemd() - check whether systemd runs this host
 *
 * Return: whether it is PID 1, as sd_booted(3) tells it.
 */
static inline bool host_has_systemd(void) {
        return access("/run/systemd/system", F_OK) >= 0;
}
