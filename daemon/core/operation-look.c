/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is asked of machines, which are looked into for it. */

#include "daemon/core/look.h"
#include "daemon/core/operation.h"
#include "lib/base/envfile.h"
#include "lib/base/errors.h"

/* Of a leader that has just gone, machined says that its files are not there. */
static int error_of_look(int error) {
        return error == -ESRCH ? -ENOENT : error;
}

/* Whoever asks for all machines next is told, too. */
static void note_addresses(Operation *o, const NetlinkAddress *addresses, size_t n) {
        Machine *m = operation_machine(o);

        if (m)
                sight_note_addresses(machine_sight(m), addresses, n, /* stay= */ false);
}

static void note_os(Operation *o, char *const *pairs) {
        Machine *m = operation_machine(o);

        if (m)
                sight_note_os(machine_sight(m), pairs);
}

static void on_addresses(void *userdata, int result, const char *text, WorkerAnswer *answer) {
        Operation *o = userdata;
        int r = result;

        if (r >= 0)
                r = addresses_from_answer(answer, &o->answer.addresses, &o->answer.n_addresses);

        if (r >= 0)
                note_addresses(o, o->answer.addresses, o->answer.n_addresses);

        operation_finish(o, error_of_look(r), text);
}

static int run_get_addresses(Operation *o) {
        int r;

        r = machine_list_addresses(o->machine, o->workers, on_addresses, o, NULL);
        if (r == -E_NO_PRIVATE_NETWORK)
                note_addresses(o, NULL, 0);

        return error_of_look(r);
}

const OperationKind operation_get_addresses = {
        .verb = "get_addresses",
        .failure = "Cannot get addresses of machine",
        .run = run_get_addresses,
};

static void on_os_release(void *userdata, int result, const char *text, WorkerAnswer *answer) {
        Operation *o = userdata;
        int r = result;

        if (r >= 0)
                r = envfile_parse(answer->data, &o->answer.pairs);
        if (r >= 0 || r == -ENOENT)
                note_os(o, o->answer.pairs);

        operation_finish(o, r, text);
}

static int run_get_os_release(Operation *o) {
        return error_of_look(machine_read_os_release(o->machine, o->workers, on_os_release, o, NULL));
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
        return machine_open_root_directory(o->machine, o->workers, operation_finish_fd, o, NULL);
}

const OperationKind operation_open_root_directory = {
        .verb = "open_root_directory",
        .failure = "Cannot open the root directory of machine",
        .action = "org.freedesktop.machine1.manage-machines",
        .run = run_open_root_directory,
};
