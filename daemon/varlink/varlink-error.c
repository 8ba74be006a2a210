/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-server.h"
#include "lib/base/errors.h"

static const struct {
        int error;
        const char *name;
} name_table[] = {
        { -E_NO_SUCH_MACHINE, VARLINK_NO_SUCH_MACHINE },
        { -E_NO_MACHINE_FOR_PID, VARLINK_NO_SUCH_MACHINE },
        { -E_MACHINE_EXISTS, VARLINK_MACHINE ".MachineExists" },
        { -E_NO_PRIVATE_NETWORK, VARLINK_MACHINE ".NoPrivateNetworking" },
        { -E_NO_SUCH_USER_MAPPING, VARLINK_NO_SUCH_USER },
        { -E_NO_SUCH_GROUP_MAPPING, VARLINK_NO_SUCH_GROUP },
        { -EOPNOTSUPP, VARLINK_MACHINE ".NotSupported" },
        { -E_LIMITS_EXCEEDED, VARLINK_MACHINE ".TooManyOperations" },
        { -EBUSY, VARLINK_MACHINE ".TooManyOperations" },
        { -EACCES, VARLINK_PERMISSION_DENIED },
        { -EPERM, VARLINK_PERMISSION_DENIED },
        { -E_INTERACTION_REQUIRED, "io.systemd.InteractiveAuthenticationRequired" },
};

static const char *find_name(int error) {
        for (size_t i = 0; i < ELEMENTSOF(name_table); i++)
                if (name_table[i].error == error)
                        return name_table[i].name;

        return error_bus_name(error);
}

static void fail_system(VarlinkCall *call, int error) {
        const char *name = strerrorname_np(-error);

        varlink_call_fail(call, "io.systemd.System",
                          json_pack("{s:s, s:i, s:s*}", "origin", "linux", "errno", -error,
                                    "errnoName", name));
}

void varlink_call_fail_errno(VarlinkCall *call, int error, const char *parameter) {
        const char *name = find_name(error);

        assert(error < 0);

        if (name)
                varlink_call_fail(call, name, NULL);
        else if (error == -EINVAL && parameter)
                varlink_call_fail_parameter(call, parameter);
        else
                fail_system(call, error);
}
