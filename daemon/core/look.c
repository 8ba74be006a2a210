/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/idmap.h"
#include "daemon/core/look.h"
#include "lib/base/errors.h"

/* The kernel's own for who has no id in a map. */
#define NOBODY 65534

static int map_root(Machine *m, IdKind kind, uint32_t *ret) {
        int r;

        r = machine_id_to_host(m, kind, 0, ret);
        if (r != -E_NO_SUCH_USER_MAPPING && r != -E_NO_SUCH_GROUP_MAPPING)
                return r;

        *ret = NOBODY;
        return 0;
}

int machine_root_ids(Machine *m, uid_t *ret_uid, gid_t *ret_gid) {
        int r;

        assert(m);
        assert(ret_uid);
        assert(ret_gid);

        if (machine_info(m)->class == MACHINE_HOST) {
                *ret_uid = *ret_gid = 0;
                return 0;
        }

        r = process_shares_namespace(machine_leader_fd(m), "user");
        if (r < 0)
                return r;

        if (r > 0) {
                *ret_uid = machine_info(m)->uid;
                *ret_gid = machine_info(m)->uid == 0 ? 0 : NOBODY;
                return 0;
        }

        r = map_root(m, ID_USER, ret_uid);
        return r < 0 ? r : map_root(m, ID_GROUP, ret_gid);
}

int machine_run_job(
                Machine *m,
                Workers *w,
                const WorkerJob *job,
                WorkerDone done,
                void *userdata,
                uint64_t *ret_ticket) {

        _cleanup_close_ int root_fd = -EBADF;
        int r, fds[PACKET_FDS_MAX];
        WorkerJob complete;

        assert(m);
        assert(job);
        assert(job->n_fds < PACKET_FDS_MAX);

        root_fd = machine_open_root(m);
        if (root_fd < 0)
                return root_fd;

        fds[0] = root_fd;
        for (size_t i = 0; i < job->n_fds; i++)
                fds[i + 1] = job->fds[i];

        complete = *job;
        complete.machine = machine_info(m)->name;
        complete.fds = fds;
        complete.n_fds = job->n_fds + 1;
        r = machine_root_ids(m, &complete.uid, &complete.gid);
        if (r < 0)
                return r;

        return workers_run(w, &complete, done, userdata, ret_ticket);
}

int machine_read_os_release(Machine *m, Workers *w, WorkerDone done, void *userdata, uint64_t *ret_ticket) {
        return machine_run_job(m, w, &(WorkerJob) { .name = "os-release" }, done, userdata, ret_ticket);
}

int machine_open_root_directory(
                Machine *m,
                Workers *w,
                WorkerDone done,
                void *userdata,
                uint64_t *ret_ticket) {

        return machine_run_job(m, w, &(WorkerJob) { .name = "root-directory" }, done, userdata, ret_ticket);
}

/* Of the host, none: that is where workers are. */
int machine_open_network(Machine *m) {
        int r;

        assert(m);

        switch (machine_info(m)->class) {
        case MACHINE_HOST:
                return -EBADF;

        case MACHINE_CONTAINER:
                r = process_shares_namespace(machine_leader_fd(m), "net");
                if (r != 0)
                        return r < 0 ? r : -E_NO_PRIVATE_NETWORK;

                return process_open_namespace(machine_leader_fd(m), "net");

        default:
                return -EOPNOTSUPP;
        }
}

int machine_list_addresses(Machine *m, Workers *w, WorkerDone done, void *userdata, uint64_t *ret_ticket) {
        _cleanup_close_ int netns_fd = -EBADF;

        assert(m);

        netns_fd = machine_open_network(m);
        if (netns_fd < 0 && machine_info(m)->class != MACHINE_HOST)
                return netns_fd;

        return workers_run(w, &(WorkerJob) {
                .name = "addresses",
                .fds = &netns_fd,
                .n_fds = netns_fd >= 0 ? 1 : 0,
                .machine = machine_info(m)->name,
        }, done, userdata, ret_ticket);
}

int addresses_from_answer(const WorkerAnswer *answer, NetlinkAddress **ret, size_t *ret_n) {
        NetlinkAddress *addresses;
        size_t n;

        assert(answer);
        assert(ret);
        assert(ret_n);

        n = answer->size / sizeof(*addresses);
        if (answer->size % sizeof(*addresses) != 0)
                return -EPROTO;

        addresses = calloc(n + 1, sizeof(*addresses));
        if (!addresses)
                return -ENOMEM;

        memcpy(addresses, answer->data, answer->size);
        for (size_t i = 0; i < n; i++)
                if (addresses[i].address.family != AF_INET && addresses[i].address.family != AF_INET6) {
                        free(addresses);
                        return -EPROTO;
                }

        *ret = addresses;
        *ret_n = n;
        return 0;
}
