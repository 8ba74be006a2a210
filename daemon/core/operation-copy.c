/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes from the host into machines and back: copies, and mounts. */

#include "daemon/core/look.h"
#include "daemon/core/operation.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

/* A copy may take as long as it likes, if only it goes on: one that hangs in a
 * guest's file system does not. Less than what most D-Bus clients wait for an answer. */
#define SILENCE_USEC (20 * USEC_PER_SEC)

/* Where nothing is said it is the same path on both sides. */
static const char *destination(const OperationRequest *q) {
        return isempty(q->destination) ? q->source : q->destination;
}

/* Of copies, machined up to 260 accepted others, too. */
static int check_paths(const OperationRequest *q, const char **reterr_text) {
        if (!q->source || !path_is_normalized(q->source)) {
                *reterr_text = "Source path must be absolute and normalized";
                return -EINVAL;
        }
        if (!path_is_normalized(destination(q))) {
                *reterr_text = "Destination path must be absolute and normalized";
                return -EINVAL;
        }

        return 0;
}

static void on_done(void *userdata, int result, const char *text, _unused_ WorkerAnswer *answer) {
        operation_finish(userdata, result, text);
}

static void on_progress(void *userdata, WorkerAnswer *news) {
        Operation *o = userdata;
        uint64_t bytes;

        if (news->size != sizeof(bytes) || !o->request.progress)
                return;

        memcpy(&bytes, news->data, sizeof(bytes));
        o->request.progress(o->userdata, bytes);
}

static int run_job(Operation *o, const WorkerJob *job) {
        int r;

        /* A mount is there or not: half of it cannot be given up. */
        r = workers_run(o->workers, job, on_done, o, job->progress ? &o->ticket : NULL);
        return r == -EBUSY ? -E_LIMITS_EXCEEDED : r;
}

/* Returns 1 if the machine has users of its own, 0 if its root user is the host's. */
static int has_own_users(Machine *m) {
        uid_t uid;
        gid_t gid;
        int r;

        r = machine_root_ids(m, &uid, &gid);
        if (r < 0)
                return r;
        if (uid == 0)
                return 0;

        /* What someone else has registered and runs with the host's users is not to
         * be trusted with root's hands, and has no others. */
        r = process_shares_namespace(machine_leader_fd(m), "user");
        return r < 0 ? r : r > 0 ? -EACCES : 1;
}

static int run_copy(Operation *o, const char *name) {
        const OperationRequest *q = &o->request;
        char *args[] = { q->source, (char *) destination(q), (char *) (q->replaces ? "replace" : ""), NULL };
        _cleanup_close_ int root_fd = -EBADF, users_fd = -EBADF;
        int r;

        if (machine_info(o->machine)->class != MACHINE_CONTAINER)
                return -EOPNOTSUPP;

        r = has_own_users(o->machine);
        if (r < 0)
                return r;
        if (r > 0) {
                users_fd = process_open_namespace(machine_leader_fd(o->machine), "user");
                if (users_fd < 0)
                        return users_fd;
        }

        root_fd = machine_open_root(o->machine);
        if (root_fd < 0)
                return root_fd;

        return run_job(o, &(WorkerJob) {
                        .name = name,
                        .args = args,
                        .fds = (const int[]) { root_fd, users_fd },
                        .n_fds = users_fd >= 0 ? 2 : 1,
                        .machine = machine_info(o->machine)->name,
                        .limit_usec = SILENCE_USEC,
                        .alone = true,
                        .progress = on_progress });
}

static int run_copy_from(Operation *o) {
        return run_copy(o, "copy-from");
}

static int run_copy_to(Operation *o) {
        return run_copy(o, "copy-to");
}

const OperationKind operation_copy_from = {
        .verb = "copy",
        .failure = "Cannot copy from machine",
        .action = "org.freedesktop.machine1.manage-machines",
        .check = check_paths,
        .run = run_copy_from,
};

const OperationKind operation_copy_to = {
        .verb = "copy",
        .failure = "Cannot copy to machine",
        .action = "org.freedesktop.machine1.manage-machines",
        .check = check_paths,
        .run = run_copy_to,
};

static int run_bind(Operation *o) {
        const OperationRequest *q = &o->request;
        char *args[] = {
                q->source,
                (char *) destination(q),
                (char *) (q->is_read_only ? "read-only" : ""),
                (char *) (q->makes_directory ? "mkdir" : ""),
                NULL,
        };
        _cleanup_close_ int root_fd = -EBADF, mounts_fd = -EBADF;
        int r;

        if (machine_info(o->machine)->class != MACHINE_CONTAINER)
                return -EOPNOTSUPP;

        /* Files of the host would belong to nobody there. */
        r = has_own_users(o->machine);
        if (r != 0)
                return r < 0 ? r : -EOPNOTSUPP;

        root_fd = machine_open_root(o->machine);
        if (root_fd < 0)
                return root_fd;

        mounts_fd = process_open_namespace(machine_leader_fd(o->machine), "mnt");
        if (mounts_fd < 0)
                return mounts_fd;

        return run_job(o, &(WorkerJob) {
                        .name = "bind",
                        .args = args,
                        .fds = (const int[]) { root_fd, mounts_fd },
                        .n_fds = 2,
                        .machine = machine_info(o->machine)->name,
                        .alone = true });
}

const OperationKind operation_bind = {
        .verb = "bind",
        .failure = "Cannot mount into machine",
        .action = "org.freedesktop.machine1.manage-machines",
        .check = check_paths,
        .run = run_bind,
};
