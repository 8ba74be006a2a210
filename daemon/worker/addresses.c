/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists the addresses of a guest. */

#include "daemon/worker/jobs.h"
#include "lib/kernel/netlink-address.h"

/* A guest may have as many as it likes; who asks wants to reach it by one. */
#define ADDRESSES_MAX 256

int job_addresses(Job *job) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        _cleanup_free_ NetlinkAddress *addresses = NULL;
        size_t n;
        int r;

        r = job->n_fds > 0 ? netlink_open_in(job->fds[0], &nl) : netlink_open(&nl);
        if (r < 0)
                return r;

        r = netlink_list_public_addresses(nl, ADDRESSES_MAX, &addresses, &n);
        return r < 0 ? r : job_answer(job, addresses, n * sizeof(*addresses));
}
