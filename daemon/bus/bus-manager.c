/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.freedesktop.machine1.Manager; see docs/api/org.freedesktop.machine1.md. */

#include "daemon/bus/bus-error.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/operations.h"
#include "daemon/bus/register.h"
#include "daemon/bus/sender.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

#define POOL_PATH "/var/lib/machines"

static int find_machine(sd_bus_message *msg, const char *name, Machine **ret, sd_bus_error *reterr) {
        Machine *m = manager_find(bus_of(msg)->manager, name);

        if (!m)
                return sd_bus_error_setf(reterr, error_bus_name(-E_NO_SUCH_MACHINE),
                                         "No machine '%s' known", name);

        *ret = m;
        return 0;
}

static int read_machine(sd_bus_message *msg, Machine **ret, sd_bus_error *reterr) {
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;

        return find_machine(msg, name, ret, reterr);
}

static int reply_path(sd_bus_message *msg, Machine *m) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = machine_path(machine_info(m)->name, &path);
        if (r < 0)
                return r;

        return sd_bus_reply_method_return(msg, "o", path);
}

static int method_get_machine(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        Machine *m = NULL;
        int r;

        r = read_machine(msg, &m, reterr);
        if (r < 0)
                return r;

        return reply_path(msg, m);
}

/* What machinectl asks before it starts a machine. */
static int method_get_image(sd_bus_message *msg, void *userdata, sd_bus_error *reterr) {
        _cleanup_free_ char *label = NULL, *path = NULL;
        Bus *b = userdata;
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;
        if (!machine_name_is_valid(name))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid image name '%s'", name);

        r = manager_find_image(b->manager, name);
        if (r == -E_NO_SUCH_IMAGE)
                return sd_bus_error_setf(reterr, error_bus_name(r), "No image '%s' known", name);
        if (r < 0)
                return r;

        r = bus_label_escape(name, &label);
        if (r >= 0)
                r = text_printf(&path, MACHINE1_PATH "/image/%s", label);

        return r < 0 ? r : sd_bus_reply_method_return(msg, "o", path);
}

static int method_get_machine_by_pid(sd_bus_message *msg, void *userdata, sd_bus_error *reterr) {
        Bus *b = userdata;
        uint32_t number;
        pid_t pid;
        Machine *m = NULL;
        int r;

        r = sd_bus_message_read(msg, "u", &number);
        if (r < 0)
                return r;
        if (number > INT32_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid process id %u", number);

        pid = (pid_t) number;
        if (pid == 0) {
                r = sender_pid(&b->senders, msg, &pid);
                if (r < 0)
                        return r;
        }

        m = manager_find_by_pid(b->manager, pid);
        if (!m)
                return sd_bus_error_setf(reterr, error_bus_name(-E_NO_MACHINE_FOR_PID),
                                         "PID %i does not belong to any known machine", pid);

        return reply_path(msg, m);
}

static int append_machine(sd_bus_message *reply, Machine *m) {
        const MachineInfo *info = machine_info(m);
        _cleanup_free_ char *path = NULL;
        int r;

        r = machine_path(info->name, &path);
        if (r < 0)
                return r;

        return sd_bus_message_append(reply, "(ssso)", info->name, machine_class_to_string(info->class),
                                     info->service ?: "", path);
}

static int method_list_machines(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Bus *b = userdata;
        int r;

        r = sd_bus_message_new_method_return(msg, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ssso)");
        if (r < 0)
                return r;

        for (Machine *m = manager_next(b->manager, NULL); m; m = manager_next(b->manager, m)) {
                r = append_machine(reply, m);
                if (r < 0)
                        return r;
        }

        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

/* The one of its map that has an id of the host. */
static int map_to_machine(sd_bus_message *msg, IdKind kind, sd_bus_error *reterr) {
        _cleanup_free_ char *path = NULL;
        uint32_t id, inside;
        Machine *m = NULL;
        int r;

        r = sd_bus_message_read(msg, "u", &id);
        if (r < 0)
                return r;

        r = manager_find_by_id(bus_of(msg)->manager, kind, id, &m, &inside);
        if (r < 0)
                return bus_error(reterr, r, "No machine has %s %u of the host",
                                 kind == ID_USER ? "user" : "group", id);

        r = machine_path(machine_info(m)->name, &path);
        if (r < 0)
                return r;

        return sd_bus_reply_method_return(msg, "sou", machine_info(m)->name, path, inside);
}

static int method_map_to_machine_user(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        return map_to_machine(msg, ID_USER, reterr);
}

static int method_map_to_machine_group(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        return map_to_machine(msg, ID_GROUP, reterr);
}

static int property_get_pool_path(
                _unused_ sd_bus *bus,
                _unused_ const char *path,
                _unused_ const char *interface,
                _unused_ const char *property,
                sd_bus_message *reply,
                _unused_ void *userdata,
                _unused_ sd_bus_error *reterr) {

        return sd_bus_message_append(reply, "s", POOL_PATH);
}

/* Only btrfs knows, which machined answers with the largest number, too. */
static int property_get_unknown(
                _unused_ sd_bus *bus,
                _unused_ const char *path,
                _unused_ const char *interface,
                _unused_ const char *property,
                sd_bus_message *reply,
                _unused_ void *userdata,
                _unused_ sd_bus_error *reterr) {

        return sd_bus_message_append(reply, "t", UINT64_MAX);
}

const sd_bus_vtable bus_manager_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_PROPERTY("PoolPath", "s", property_get_pool_path, 0, 0),
        SD_BUS_PROPERTY("PoolUsage", "t", property_get_unknown, 0, 0),
        SD_BUS_PROPERTY("PoolLimit", "t", property_get_unknown, 0, 0),

        SD_BUS_METHOD_WITH_ARGS("GetMachine",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("o", machine),
                                method_get_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetImage",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("o", image),
                                method_get_image,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetMachineByPID",
                                SD_BUS_ARGS("u", pid),
                                SD_BUS_RESULT("o", machine),
                                method_get_machine_by_pid,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListMachines",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(ssso)", machines),
                                method_list_machines,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateMachine",
                                SD_BUS_ARGS("s", name, "ay", id, "s", service, "s", class, "u", leader,
                                            "s", root_directory, "a(sv)", scope_properties),
                                SD_BUS_RESULT("o", path),
                                bus_register,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateMachineWithNetwork",
                                SD_BUS_ARGS("s", name, "ay", id, "s", service, "s", class, "u", leader,
                                            "s", root_directory, "ai", ifindices, "a(sv)", scope_properties),
                                SD_BUS_RESULT("o", path),
                                bus_register,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RegisterMachine",
                                SD_BUS_ARGS("s", name, "ay", id, "s", service, "s", class, "u", leader,
                                            "s", root_directory),
                                SD_BUS_RESULT("o", path),
                                bus_register,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RegisterMachineWithNetwork",
                                SD_BUS_ARGS("s", name, "ay", id, "s", service, "s", class, "u", leader,
                                            "s", root_directory, "ai", ifindices),
                                SD_BUS_RESULT("o", path),
                                bus_register,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateMachineEx",
                                SD_BUS_ARGS("s", name, "a(sv)", properties, "a(sv)", scope_properties),
                                SD_BUS_RESULT("o", path),
                                bus_register,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RegisterMachineEx",
                                SD_BUS_ARGS("s", name, "a(sv)", properties),
                                SD_BUS_RESULT("o", path),
                                bus_register,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("UnregisterMachine",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TerminateMachine",
                                SD_BUS_ARGS("s", id),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("KillMachine",
                                SD_BUS_ARGS("s", name, "s", whom, "i", signal),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetMachineAddresses",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("a(iay)", addresses),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetMachineSSHInfo",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("s", ssh_address, "s", ssh_private_key_path),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetMachineUIDShift",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("u", shift),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MapFromMachineUser",
                                SD_BUS_ARGS("s", name, "u", uid_inner),
                                SD_BUS_RESULT("u", uid_outer),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MapToMachineUser",
                                SD_BUS_ARGS("u", uid_outer),
                                SD_BUS_RESULT("s", machine_name, "o", machine_path, "u", uid_inner),
                                method_map_to_machine_user,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MapFromMachineGroup",
                                SD_BUS_ARGS("s", name, "u", gid_inner),
                                SD_BUS_RESULT("u", gid_outer),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MapToMachineGroup",
                                SD_BUS_ARGS("u", gid_outer),
                                SD_BUS_RESULT("s", machine_name, "o", machine_path, "u", gid_inner),
                                method_map_to_machine_group,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetMachineOSRelease",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("a{ss}", fields),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenMachinePTY",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("h", pty, "s", pty_path),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenMachineLogin",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("h", pty, "s", pty_path),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenMachineShell",
                                SD_BUS_ARGS("s", name, "s", user, "s", path, "as", args,
                                            "as", environment),
                                SD_BUS_RESULT("h", pty, "s", pty_path),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenMachineRootDirectory",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("h", fd),
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyFromMachine",
                                SD_BUS_ARGS("s", name, "s", source, "s", destination),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyToMachine",
                                SD_BUS_ARGS("s", name, "s", source, "s", destination),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyFromMachineWithFlags",
                                SD_BUS_ARGS("s", name, "s", source, "s", destination, "t", flags),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CopyToMachineWithFlags",
                                SD_BUS_ARGS("s", name, "s", source, "s", destination, "t", flags),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("BindMountMachine",
                                SD_BUS_ARGS("s", name, "s", source, "s", destination,
                                            "b", read_only, "b", mkdir),
                                SD_BUS_NO_RESULT,
                                bus_operate_from_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_SIGNAL_WITH_ARGS("MachineNew", SD_BUS_ARGS("s", machine, "o", path), 0),
        SD_BUS_SIGNAL_WITH_ARGS("MachineRemoved", SD_BUS_ARGS("s", machine, "o", path), 0),

        SD_BUS_VTABLE_END
};
