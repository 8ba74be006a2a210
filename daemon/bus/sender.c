/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/sender.h"
#include "lib/kernel/process.h"

static int query(sd_bus_message *msg, uint64_t mask, sd_bus_creds **ret) {
        sd_bus *bus = sd_bus_message_get_bus(msg);

        return sd_bus_is_bus_client(bus) > 0 ? sd_bus_query_sender_creds(msg, mask, ret)
                                             : sd_bus_get_owner_creds(bus, mask, ret);
}

int sender_pid(sd_bus_message *msg, pid_t *ret) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        int r;

        r = query(msg, SD_BUS_CREDS_PID, &creds);
        if (r < 0)
                return r;

        return sd_bus_creds_get_pid(creds, ret);
}

int sender_uid(sd_bus_message *msg, uid_t *ret) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        int r;

        r = query(msg, SD_BUS_CREDS_EUID, &creds);
        if (r < 0)
                return r;

        return sd_bus_creds_get_euid(creds, ret);
}

int sender_process(sd_bus_message *msg, uid_t *ret_uid, int *ret_pidfd) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        pid_t pid;
        int r;

        r = query(msg, SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID, &creds);
        if (r < 0)
                return r;

        r = sd_bus_creds_get_euid(creds, ret_uid);
        if (r < 0)
                return r;

        r = sd_bus_creds_get_pid(creds, &pid);
        if (r >= 0)
                r = pid > 0 ? process_open(pid) : -ESRCH;
        *ret_pidfd = r < 0 ? -EBADF : r;
        return 0;
}
