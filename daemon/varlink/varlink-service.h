/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Varlink services
 *
 * What each of our servers answers beside what it is there for: which interfaces it
 * has, whether it is alive, what it logs.
 */

#include "daemon/varlink/varlink-server.h"

extern const VarlinkInterface varlink_service_interface;        /* org.varlink.service */
extern const VarlinkInterface varlink_systemd_interface;        /* io.systemd.service */
