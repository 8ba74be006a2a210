/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Errors of io.systemd.Machine
 *
 * What the core calls by a number has a name here. What has none goes out as the
 * number, which systemd's clients read from an error that they have for it.
 */

#include "daemon/varlink/varlink-connection.h"

#define VARLINK_MACHINE "io.systemd.Machine"
#define VARLINK_NO_SUCH_MACHINE VARLINK_MACHINE ".NoSuchMachine"
#define VARLINK_NO_SUCH_USER VARLINK_MACHINE ".NoSuchUser"
#define VARLINK_NO_SUCH_GROUP VARLINK_MACHINE ".NoSuchGroup"

/**
 * varlink_call_fail_errno() - answer a call with an error of the core
 * @call:               the call; gone afterwards
 * @error:              negative error code
 * @parameter:          which parameter is to blame for -EINVAL, or NULL
 */
void varlink_call_fail_errno(VarlinkCall *call, int error, const char *parameter);
