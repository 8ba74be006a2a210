/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What our Varlink methods find behind their door
 */

#include "daemon/core/manager.h"
#include "daemon/core/operation.h"
#include "daemon/varlink/varlink-server.h"

typedef struct VarlinkContext {
        sd_event *event;
        Manager *manager;               /* all three are borrowed */
        Operations *operations;
} VarlinkContext;

static inline VarlinkContext *varlink_context(const VarlinkServer *s) {
        return (VarlinkContext *) varlink_server_userdata(s);
}
