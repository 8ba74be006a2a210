/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/addresses.h"
#include "lib/base/errors.h"

/* A guest may have as many as it likes; who asks wants to reach it by one. */
#define ADDRESSES_MAX 256

static int open_netlink(Machine *m, Netlink **ret) {
        _cleanup_close_ int netns_fd = -EBADF;
        int r;

        switch (machine_info(m)->class) {
        case MACHINE_HOST:
                return netlink_open(ret);

        case MACHINE_CONTAINER:
                r = process_shares_namespace(machine_leader_fd(m), "net");
                if (r != 0)
                        return r < 0 ? r : -E_NO_PRIVATE_NETWORK;

                netns_fd = process_open_namespace(machine_leader_fd(m), "net");
                return netns_fd < 0 ? netns_fd : netlink_open_in(netns_fd, ret);

        default:
                return -EOPNOTSUPP;
        }
}

int machine_list_addresses(Machine *m, NetlinkAddress **ret, size_t *ret_n) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        int r;

        assert(m);

        r = open_netlink(m, &nl);
        if (r < 0)
                return r;

        return netlink_list_public_addresses(nl, ADDRESSES_MAX, ret, ret_n);
}
