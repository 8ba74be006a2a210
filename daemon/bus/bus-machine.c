/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.freedesktop.machine1.Machine; see docs/api/org.freedesktop.machine1.md. */

#include "daemon/bus/bus.h"
#include "daemon/bus/operations.h"
#include "daemon/bus/sender.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

/* The object of the machine that the caller itself is in; it is not listed. */
#define SELF "self"

static Machine *find_self(Bus *b, sd_bus *connection) {
        sd_bus_message *msg = sd_bus_get_current_message(connection);
        pid_t pid;

        if (!msg || sender_pid(&b->senders, msg, &pid) < 0)
                return NULL;

        return manager_find_by_pid(b->manager, pid);
}

int bus_find_machine(
                sd_bus *connection,
                const char *path,
                _unused_ const char *interface,
                void *userdata,
                void **ret_found,
                _unused_ sd_bus_error *reterr) {

        const char *label = startswith(path, MACHINE_PATH_PREFIX "/");
        _cleanup_free_ char *name = NULL;
        Bus *b = userdata;
        Machine *m = NULL;
        int r;

        if (!label)
                return 0;

        if (streq(label, SELF))
                m = find_self(b, connection);
        else {
                r = bus_label_unescape(label, &name);
                if (r < 0)
                        return r == -EINVAL ? 0 : r;
                m = manager_find(b->manager, name);
        }
        if (!m)
                return 0;

        *ret_found = m;
        return 1;
}

int bus_list_machines(
                _unused_ sd_bus *connection,
                _unused_ const char *prefix,
                void *userdata,
                char ***ret_nodes,
                _unused_ sd_bus_error *reterr) {

        _cleanup_(strv_freep) char **nodes = NULL;
        Bus *b = userdata;
        int r;

        for (Machine *m = manager_next(b->manager, NULL); m; m = manager_next(b->manager, m)) {
                _cleanup_free_ char *path = NULL;

                r = machine_path(machine_info(m)->name, &path);
                if (r < 0)
                        return r;

                r = strv_push(&nodes, path);
                if (r < 0)
                        return r;
        }

        *ret_nodes = TAKE_PTR(nodes);
        return 1;
}

static int get_number(sd_bus_message *reply, const char *property, const MachineInfo *info) {
        const struct {
                const char *property;
                char type;
                uint64_t number;
        } number_table[] = {
                { "Leader", 'u', (uint64_t) info->leader },
                { "LeaderPIDFDId", 't', info->leader_identity.pidfd_id },
                { "Supervisor", 'u', (uint64_t) info->supervisor },
                { "SupervisorPIDFDId", 't', info->supervisor_identity.pidfd_id },
                { "Timestamp", 't', info->realtime },
                { "TimestampMonotonic", 't', info->monotonic },
                { "UID", 'u', info->uid },
                { "VSockCID", 'u', info->vsock_cid ?: MACHINE_VSOCK_NONE },
        };

        for (size_t i = 0; i < ELEMENTSOF(number_table); i++) {
                uint64_t number = number_table[i].number;

                if (!streq(number_table[i].property, property))
                        continue;
                if (number_table[i].type == 'u')
                        return sd_bus_message_append(reply, "u", (uint32_t) number);

                return sd_bus_message_append(reply, "t", number);
        }

        return -ENOENT;
}

/* One getter for all: the name tells which, and the info has it. */
static int property_get(
                _unused_ sd_bus *bus,
                _unused_ const char *path,
                _unused_ const char *interface,
                const char *property,
                sd_bus_message *reply,
                void *userdata,
                _unused_ sd_bus_error *reterr) {

        const Machine *m = userdata;
        const MachineInfo *info = machine_info(m);
        const struct {
                const char *property, *text;
        } text_table[] = {
                { "Name", info->name },
                { "Service", info->service },
                { "Unit", info->unit },
                { "Scope", info->unit },
                { "Class", machine_class_to_string(info->class) },
                { "RootDirectory", info->root_directory },
                { "Subgroup", info->subgroup },
                { "SSHAddress", info->ssh_address },
                { "SSHPrivateKeyPath", info->ssh_private_key_path },
                { "State", machine_state_to_string(machine_state(m)) },
        };

        for (size_t i = 0; i < ELEMENTSOF(text_table); i++)
                if (streq(text_table[i].property, property))
                        return sd_bus_message_append(reply, "s", text_table[i].text ?: "");

        if (streq(property, "Id"))
                return sd_bus_message_append_array(reply, 'y', info->id.bytes,
                                                   id128_is_null(info->id) ? 0 : sizeof(info->id.bytes));
        if (streq(property, "NetworkInterfaces"))
                return sd_bus_message_append_array(reply, 'i', info->ifindices,
                                                   info->n_ifindices * sizeof(int));

        return get_number(reply, property, info);
}

const sd_bus_vtable bus_machine_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_PROPERTY("Name", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Id", "ay", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Timestamp", "t", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("TimestampMonotonic", "t", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Service", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Unit", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Scope", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST | SD_BUS_VTABLE_HIDDEN),
        SD_BUS_PROPERTY("Subgroup", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Leader", "u", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("LeaderPIDFDId", "t", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Supervisor", "u", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SupervisorPIDFDId", "t", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Class", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("RootDirectory", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NetworkInterfaces", "ai", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("VSockCID", "u", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SSHAddress", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SSHPrivateKeyPath", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("UID", "u", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", property_get, 0, 0),

        SD_BUS_METHOD_WITH_ARGS("Terminate",
                                SD_BUS_NO_ARGS,
                                SD_BUS_NO_RESULT,
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Kill",
                                SD_BUS_ARGS("s", whom, "i", signal),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetAddresses",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(iay)", addresses),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetSSHInfo",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("s", ssh_address, "s", ssh_private_key_path),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetUIDShift",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("u", shift),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetOSRelease",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a{ss}", fields),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenPTY",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("h", pty, "s", pty_path),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenLogin",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("h", pty, "s", pty_path),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenShell",
                                SD_BUS_ARGS("s", user, "s", path, "as", args, "as", environment),
                                SD_BUS_RESULT("h", pty, "s", pty_path),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenRootDirectory",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("h", fd),
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyFrom",
                                SD_BUS_ARGS("s", source, "s", destination),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyTo",
                                SD_BUS_ARGS("s", source, "s", destination),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyFromWithFlags",
                                SD_BUS_ARGS("s", source, "s", destination, "t", flags),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyToWithFlags",
                                SD_BUS_ARGS("s", source, "s", destination, "t", flags),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("BindMount",
                                SD_BUS_ARGS("s", source, "s", destination, "b", read_only, "b", mkdir),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_VTABLE_END
};
