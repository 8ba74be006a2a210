/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.berth.Process1; see docs/api/org.berth.md. */

#include "daemon/bus/bus.h"
#include "daemon/bus/exec.h"
#include "daemon/bus/operations.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

int bus_find_process(
                _unused_ sd_bus *connection,
                const char *path,
                _unused_ const char *interface,
                void *userdata,
                void **ret_found,
                _unused_ sd_bus_error *reterr) {

        const char *label = startswith(path, PROCESS_PATH_PREFIX "/");
        Bus *b = userdata;
        uint64_t id;
        Program *p;

        if (!label || parse_u64(label, UINT64_MAX, &id) < 0)
                return 0;

        p = programs_find(operations_programs(b->operations), id);
        if (!p)
                return 0;

        *ret_found = p;
        return 1;
}

int bus_list_processes(
                _unused_ sd_bus *connection,
                _unused_ const char *prefix,
                void *userdata,
                char ***ret_nodes,
                _unused_ sd_bus_error *reterr) {

        _cleanup_(strv_freep) char **nodes = NULL;
        Bus *b = userdata;
        int r;

        for (Program *p = NULL; (p = programs_next(operations_programs(b->operations), p));) {
                if (program_info(p)->id == 0)
                        continue;

                r = strv_pushf(&nodes, PROCESS_PATH_PREFIX "/%lu", program_info(p)->id);
                if (r < 0)
                        return r;
        }

        *ret_nodes = TAKE_PTR(nodes);
        return 1;
}

static int property_get(
                _unused_ sd_bus *connection,
                _unused_ const char *path,
                _unused_ const char *interface,
                const char *property,
                sd_bus_message *reply,
                void *userdata,
                _unused_ sd_bus_error *reterr) {

        const ProgramInfo *info = program_info(userdata);

        if (streq(property, "Command"))
                return sd_bus_message_append_strv(reply, info->command);
        if (streq(property, "Machine"))
                return sd_bus_message_append(reply, "s", info->machine);
        if (streq(property, "PID"))
                return sd_bus_message_append(reply, "u", (uint32_t) info->pid);
        if (streq(property, "Terminal"))
                return sd_bus_message_append(reply, "s", info->terminal ?: "");
        if (streq(property, "UID"))
                return sd_bus_message_append(reply, "u", (uint32_t) info->uid);

        return sd_bus_message_append(reply, "s", info->user);
}

static int operate(sd_bus_message *msg, OperationRequest *q, const Program *p) {
        q->caller.pidfd = -EBADF;
        q->program_id = program_info(p)->id;
        q->machine = strdup(program_info(p)->machine);

        return q->machine ? bus_operate(msg, q, NULL) : -ENOMEM;
}

static int method_kill(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        OperationRequest q = { .kind = &operation_kill_program };
        int32_t signal;
        int r;

        r = sd_bus_message_read(msg, "i", &signal);
        if (r < 0)
                return r;

        q.signal = signal;
        return operate(msg, &q, userdata);
}

static int method_resize(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        OperationRequest q = { .kind = &operation_resize_program, .has_exec = true };
        int r;

        exec_request_init(&q.exec);
        r = sd_bus_message_read(msg, "qq", &q.exec.rows, &q.exec.columns);
        return r < 0 ? r : operate(msg, &q, userdata);
}

const sd_bus_vtable bus_process_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_PROPERTY("Command", "as", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Machine", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PID", "u", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Terminal", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("UID", "u", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("User", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),

        SD_BUS_METHOD_WITH_ARGS("Kill",
                                SD_BUS_ARGS("i", signal),
                                SD_BUS_NO_RESULT,
                                method_kill,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Resize",
                                SD_BUS_ARGS("q", rows, "q", columns),
                                SD_BUS_NO_RESULT,
                                method_resize,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Exited", SD_BUS_ARGS("s", how, "i", status), 0),

        SD_BUS_VTABLE_END
};
