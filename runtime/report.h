/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Report
 *
 * How a start that failed is told, the same for every step: "Cannot start
 * 'web': step net-veth (ve-web): File exists".
 */

#include "lib/base/base.h"

/**
 * report_failure() - log that a start has failed
 * @machine:            name of the machine
 * @step:               name of the step that failed, or ""
 * @object:             what it was at, or ""
 * @error:              negative error code
 *
 * Return: @error.
 */
int report_failure(const char *machine, const char *step, const char *object, int error);
