/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a machine has logged: its journal, and what it wrote to its console. */

#include "daemon/core/look.h"
#include "daemon/core/operation.h"
#include "lib/base/console-log.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"

/* As berth-run names itself when it registers a machine. */
#define RUNTIME_SERVICE "berth-run"

static int check_open_console_log(const OperationRequest *q, const char **reterr_text) {
        if (machine_name_is_valid(q->machine) || streq(q->machine, MACHINE_NAME_HOST))
                return 0;

        *reterr_text = "Invalid machine name";
        return -EINVAL;
}

/* Names pass from one machine to another, and anybody may call themselves anything: of those that
 * are there, only root's own have written to the file of that name. */
static bool has_console_log(Machine *m) {
        const MachineInfo *info = machine_info(m);

        return info->class == MACHINE_CONTAINER && info->uid == 0 &&
               streq_ptr(info->service, RUNTIME_SERVICE);
}

static int run_open_console_log(Operation *o) {
        const OperationRequest *q = &o->request;
        int fd;

        if (o->machine && !has_console_log(o->machine)) {
                operation_finish(o, -EOPNOTSUPP,
                                 "Only of root's machines that berth-run runs the console is kept");
                return 0;
        }

        fd = console_log_open(o->console_logs, q->machine,
                              q->is_previous ? CONSOLE_LOG_PREVIOUS : CONSOLE_LOG_CURRENT);
        if (fd == -ENOENT && !o->machine && !q->is_previous)
                return -E_NO_SUCH_MACHINE;
        if (fd < 0)
                return fd;

        o->answer.fd = fd;
        return 1;
}

const OperationKind operation_open_console_log = {
        .verb = "open_console_log",
        .failure = "Cannot open the console's log of machine",
        .action = "org.berth.read-log",
        .owner_may = true,
        .may_have_gone = true,
        .check = check_open_console_log,
        .run = run_open_console_log,
};

static int run_open_journal(Operation *o) {
        _cleanup_close_ int mounts_fd = -EBADF;
        char id[ID128_STRING_MAX];
        char *args[] = { id, NULL };

        (void) id128_format(machine_info(o->machine)->id, id);
        mounts_fd = process_open_namespace(machine_leader_fd(o->machine), "mnt");
        if (mounts_fd < 0)
                return mounts_fd;

        return machine_run_job(o->machine, o->workers, &(WorkerJob) {
                        .name = "journal",
                        .args = args,
                        .fds = &mounts_fd,
                        .n_fds = 1,
                        .alone = true }, operation_finish_fd, o, NULL);
}

const OperationKind operation_open_journal = {
        .verb = "open_journal",
        .failure = "Cannot open the journal of machine",
        .action = "org.berth.read-log",
        .owner_may = true,
        .run = run_open_journal,
};
