/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Clocks
 *
 * What --time-offset= says: by how much the clocks of a machine that count from
 * when it was started are ahead of the host's.
 */

#include <stdio.h>

#include "lib/spec/spec.h"

/**
 * spec_set_time_offset() - say how far ahead clocks of a machine are
 * @spec:               spec to change
 * @value:              [CLOCK:]SECONDS, as the option takes it; without a clock, of both
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not such a value
 *         -ERANGE      more than any clock goes to
 */
int spec_set_time_offset(Spec *spec, const char *value);

/**
 * spec_describe_clocks() - tell how far ahead clocks of a machine are
 * @spec:               the spec
 * @separator:          what to put between two of them
 * @f:                  where to, one "CLOCK SECONDS NANOSECONDS" each, which is what
 *                      /proc/PID/timens_offsets takes
 */
void spec_describe_clocks(const Spec *spec, const char *separator, FILE *f);
