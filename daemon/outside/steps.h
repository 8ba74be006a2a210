/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The rows of the table in outside.c, each in its own file. The subject of all
 * is a Creation; applying and undoing read the plan in its info.
 */

#include "daemon/core/creation.h"

extern const Step step_scope;
