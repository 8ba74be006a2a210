/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is asked of machines, which are looked into for it. */

#include <fcntl.h>

#include "daemon/core/addresses.h"
#include "daemon/core/operation.h"
#include "lib/base/beneath.h"
#include "lib/base/envfile.h"
#include "lib/base/text.h"

/* Of a leader that has just gone, machined says that its files are not there. */
static int error_of_look(int error) {
        return error == -ESRCH ? -ENOENT : error;
}

static int run_get_addresses(Operation *o) {
        int r;

        r = machine_list_addresses(o->machine, &o->answer.addresses, &o->answer.n_addresses);
        return r < 0 ? error_of_look(r) : 1;
}

const OperationKind operation_get_addresses = {
        .verb = "get_addresses",
        .failure = "Cannot get addresses of machine",
        .run = run_get_addresses,
};

static void on_os_release(void *userdata, int result, const char *answer) {
        Operation *o = userdata;

        operation_finish(o, result < 0 ? result : envfile_parse(answer, &o->answer.pairs), NULL);
}

static int run_get_os_release(Operation *o) {
        _cleanup_close_ int root_fd = -EBADF;

        root_fd = machine_open_root(o->machine);
        if (root_fd < 0)
                return error_of_look(root_fd);

        return workers_run(o->workers, "os-release", root_fd, on_os_release, o);
}

/* Free to all up to 260; then it was found that one user's machine is not another's business. */
const OperationKind operation_get_os_release = {
        .verb = "get_os_release",
        .failure = "Cannot read the OS release of machine",
        .action = "org.freedesktop.machine1.inspect-machines",
        .owner_may = true,
        .run = run_get_os_release,
};

static int run_open_root_directory(Operation *o) {
        _cleanup_close_ int root_fd = -EBADF;

        root_fd = machine_open_root(o->machine);
        if (root_fd < 0)
                return root_fd;

        o->answer.fd = beneath_open(root_fd, ".", O_RDONLY | O_DIRECTORY, 0);
        return o->answer.fd < 0 ? o->answer.fd : 1;
}

const OperationKind operation_open_root_directory = {
        .verb = "open_root_directory",
        .failure = "Cannot open the root directory of machine",
        .action = "org.freedesktop.machine1.manage-machines",
        .run = run_open_root_directory,
};
