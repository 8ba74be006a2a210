/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-lookup.h"
#include "lib/base/errors.h"
#include "lib/base/id128.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/process.h"

/* The boot is not looked at: who is here to ask has booted with us; and in a container
 * /proc may tell each of us another one. */
static int read_object(json_t *j, VarlinkProcess *ret) {
        static const VarlinkField fields[] = {
                { "pid", VARLINK_INT, true },
                { "pidfdId", VARLINK_INT },
                { "bootId", VARLINK_STRING },
                {},
        };
        json_int_t pid = -1, pidfd_id = 0;

        if (varlink_fields_check(fields, j))
                return -EINVAL;

        (void) varlink_get_int(j, "pid", &pid);
        (void) varlink_get_int(j, "pidfdId", &pidfd_id);
        if (pid < 0 || pid > INT32_MAX || pidfd_id < 0)
                return -EINVAL;

        *ret = (VarlinkProcess) { .pid = (pid_t) pid, .pidfd_id = (uint64_t) pidfd_id };
        return 0;
}

int varlink_process_read(json_t *j, VarlinkProcess *ret) {
        assert(ret);

        if (json_is_object(j))
                return read_object(j, ret);

        *ret = (VarlinkProcess) {};
        if (json_is_string(j))
                return streq(json_string_value(j), "0") ? 0
                                                        : parse_pid(json_string_value(j), &ret->pid);
        if (!json_is_integer(j) || json_integer_value(j) < 0 || json_integer_value(j) > INT32_MAX)
                return -EINVAL;

        ret->pid = (pid_t) json_integer_value(j);
        return 0;
}

int varlink_caller_read(VarlinkCall *call, Caller *ret) {
        const Peer *peer = varlink_call_peer(call);
        int fd = -EBADF;

        if (peer->pidfd >= 0) {
                fd = fcntl(peer->pidfd, F_DUPFD_CLOEXEC, 3);
                if (fd < 0)
                        return -errno;
        }

        *ret = (Caller) {
                .uid = peer->uid,
                .pidfd = fd,
                .interactive = varlink_get_bool(varlink_call_parameters(call),
                                                "allowInteractiveAuthentication"),
        };
        return 0;
}

bool varlink_names_machine(VarlinkCall *call) {
        json_t *parameters = varlink_call_parameters(call);

        return varlink_get(parameters, "name") || varlink_get(parameters, "pid");
}

static int check_identity(pid_t pid, uint64_t pidfd_id) {
        ProcessIdentity identity;
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = process_open(pid);
        if (fd < 0)
                return fd;

        r = process_identify(fd, &identity);
        if (r < 0)
                return r;

        return identity.pidfd_id == pidfd_id ? 0 : -ESRCH;
}

static int find_by_process(Manager *m, VarlinkCall *call, json_t *j, Machine **ret) {
        VarlinkProcess process;
        int r;

        r = varlink_process_read(j, &process);
        if (r < 0)
                return r;

        if (process.pid == 0)
                process.pid = varlink_call_peer(call)->pid;
        if (process.pid <= 0)
                return -ESRCH;

        r = process.pidfd_id > 0 ? check_identity(process.pid, process.pidfd_id) : 0;
        if (r < 0)
                return r;

        *ret = manager_find_by_pid(m, process.pid);
        return *ret ? 0 : -ESRCH;
}

Machine *varlink_find_machine(VarlinkServer *s, VarlinkCall *call) {
        json_t *parameters = varlink_call_parameters(call), *pid = varlink_get(parameters, "pid");
        const char *name = varlink_get_string(parameters, "name");
        Machine *by_name = NULL, *by_pid = NULL;
        int r = 0;

        if (!name && !pid) {
                varlink_call_fail_parameter(call, "name");
                return NULL;
        }

        if (name && !machine_name_is_valid(name) && !streq(name, MACHINE_NAME_HOST)) {
                varlink_call_fail_parameter(call, "name");
                return NULL;
        }

        if (name)
                by_name = manager_find(varlink_context(s)->manager, name);
        if (pid)
                r = find_by_process(varlink_context(s)->manager, call, pid, &by_pid);

        if (r == -EINVAL || r == -ERANGE)
                varlink_call_fail_parameter(call, "pid");
        else if (r < 0 || (name && !by_name) || (name && pid && by_name != by_pid))
                varlink_call_fail(call, VARLINK_NO_SUCH_MACHINE, NULL);
        else
                return by_name ?: by_pid;

        return NULL;
}
