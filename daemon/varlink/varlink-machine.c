/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/descriptions.h"
#include "daemon/varlink/varlink-list.h"
#include "daemon/varlink/varlink-lookup.h"
#include "daemon/varlink/varlink-machine.h"
#include "daemon/varlink/varlink-map.h"
#include "daemon/varlink/varlink-operation.h"
#include "daemon/varlink/varlink-register.h"

static const char *read_kill(json_t *parameters, OperationRequest *q) {
        json_int_t number = 0;

        (void) varlink_get_int(parameters, "signal", &number);
        if (number < 0 || number > INT32_MAX)
                return "signal";

        q->signal = (int) number;
        return kill_whom_from_string(varlink_get_string(parameters, "whom") ?: "all", &q->whom) < 0 ? "whom"
                                                                                                     : NULL;
}

static void write_fd(VarlinkCall *call, OperationAnswer *answer) {
        varlink_call_reply_fd(call, json_pack("{s:i}", "fileDescriptor", 0), TAKE_FD(answer->fd));
}

static const VarlinkOperation operations[] = {
        { "Unregister", &operation_unregister },
        { "Terminate", &operation_terminate },
        { "Kill", &operation_kill, read_kill, NULL, "signal" },
        { "OpenRootDirectory", &operation_open_root_directory, NULL, write_fd },
};

/* All methods above. */
static void operate(VarlinkServer *s, VarlinkCall *call) {
        const char *name = strrchr(varlink_call_method(call), '.') + 1;

        for (size_t i = 0; i < ELEMENTSOF(operations); i++)
                if (streq(operations[i].method, name)) {
                        varlink_operate_on_machine(s, call, &operations[i]);
                        return;
                }

        assert(false);
}

static const VarlinkField lookup_fields[] = { VARLINK_LOOKUP_FIELDS, {} };

static const VarlinkField kill_fields[] = {
        VARLINK_LOOKUP_FIELDS,
        { "whom", VARLINK_STRING },
        { "signal", VARLINK_INT, true },
        {},
};

const VarlinkInterface varlink_machine_interface = {
        .name = "io.systemd.Machine",
        .description = text_io_systemd_Machine,
        .methods = (const VarlinkMethod[]) {
                { "Register", varlink_register_fields, varlink_register },
                { "List", varlink_list_fields, varlink_list },
                { "Unregister", lookup_fields, operate },
                { "Terminate", lookup_fields, operate },
                { "Kill", kill_fields, operate },
                { "MapFrom", varlink_map_from_fields, varlink_map_from },
                { "MapTo", varlink_map_to_fields, varlink_map_to },
                { "OpenRootDirectory", lookup_fields, operate },
                {},
        },
};
