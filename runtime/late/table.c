/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth-late.so: what runtime/late.c loads. It has a lib/base of its own, whose only memory is of
 * how to log. */

#include <systemd/sd-daemon.h>

#include "lib/base/log.h"
#include "runtime/late.h"
#include "runtime/late/register.h"
#include "runtime/late/supervisor.h"
#include "runtime/managed.h"

const Late LATE_TABLE = {
        .version = BERTH_VERSION,
        .run_size = sizeof(Run),
        .supervise = supervisor_run,
        .take_managed_range = managed_take_range,
        .find_registrar = register_find,
        .register_machine = register_machine,
        .start_scope = scope_start,
        .make_veth = veth_make,
        .remove_veth = veth_remove,
        .listen_fds = sd_listen_fds,
        .format_user = user_record_format,
        .format_user_secret = user_record_format_secret,
        .format_group = group_record_format,
};

__attribute__((constructor)) static void begin(void) {
        log_setup();
}
