/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.berth.Manager1; see docs/api/org.berth.md. */

#include "daemon/bus/bus-error.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/operations.h"

static int refuse_options(sd_bus_message *msg, sd_bus_error *reterr) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        if (r > 0) {
                r = sd_bus_message_read(msg, "s", &key);
                if (r < 0)
                        return r;
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown option '%s'", key);
        }

        return sd_bus_message_exit_container(msg);
}

static int read_option(sd_bus_message *msg, const char *key, Autostart *a, sd_bus_error *reterr) {
        int32_t order;
        int r;

        if (streq(key, "order")) {
                r = sd_bus_message_read(msg, "v", "i", &order);
                if (r >= 0 && order < 0)
                        return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Negative order");
                a->order = r >= 0 ? (unsigned) order : 0;
                return r;
        }
        if (streq(key, "delay-usec"))
                return sd_bus_message_read(msg, "v", "t", &a->delay_usec);
        if (!streq(key, "after") && !streq(key, "requires"))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown option '%s'", key);

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_VARIANT, "as");
        if (r >= 0)
                r = sd_bus_message_read_strv(msg, streq(key, "after") ? &a->after : &a->requires);

        return r < 0 ? r : sd_bus_message_exit_container(msg);
}

static int read_autostart(sd_bus_message *msg, Autostart *a, sd_bus_error *reterr) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = sd_bus_message_read(msg, "s", &key);
                if (r >= 0)
                        r = read_option(msg, key, a, reterr);
                if (r >= 0)
                        r = sd_bus_message_exit_container(msg);
                if (r < 0)
                        return r;
        }

        return r;
}

static int method_enable_machine(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        OperationRequest q = { .kind = &operation_enable, .caller.pidfd = -EBADF };
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r >= 0)
                r = read_autostart(msg, &q.autostart, reterr);
        if (r >= 0) {
                q.machine = strdup(name);
                q.autostart.name = strdup(name);
                if (q.machine && q.autostart.name)
                        return bus_operate(msg, &q, NULL);
                r = -ENOMEM;
        }

        operation_request_done(&q);
        return r;
}

static int method_disable_machine(
                sd_bus_message *msg,
                _unused_ void *userdata,
                _unused_ sd_bus_error *reterr) {

        OperationRequest q = { .kind = &operation_disable, .caller.pidfd = -EBADF };
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;

        q.machine = strdup(name);
        return q.machine ? bus_operate(msg, &q, NULL) : -ENOMEM;
}

static int append_autostart(sd_bus_message *reply, const Autostart *a) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "sitasas");
        if (r >= 0)
                r = sd_bus_message_append(reply, "sit", a->name, (int32_t) a->order, a->delay_usec);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, a->after);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, a->requires);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Everybody may know: the files are there for everybody to read. */
static int method_list_enabled_machines(sd_bus_message *msg, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(autostarts_done) Autostarts all = {};
        const Bus *b = userdata;
        int r;

        r = autostarts_load(operations_autostart_directory(b->operations), &all);
        if (r < 0)
                return bus_error(reterr, r, "Cannot list machines that are enabled");

        r = sd_bus_message_new_method_return(msg, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sitasas)");
        for (size_t i = 0; r >= 0 && i < all.n; i++)
                r = append_autostart(reply, &all.list[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);

        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_start_machine(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        OperationRequest q = { .kind = &operation_start, .caller.pidfd = -EBADF };
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;

        r = refuse_options(msg, reterr);
        if (r < 0)
                return r;

        q.machine = strdup(name);
        return q.machine ? bus_operate(msg, &q, bus_write_machine) : -ENOMEM;
}

static int read_log_options(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        const char *key;
        int r, previous;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = sd_bus_message_read(msg, "s", &key);
                if (r < 0)
                        return r;
                if (!streq(key, "previous"))
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown option '%s'",
                                                 key);

                r = sd_bus_message_read(msg, "v", "b", &previous);
                if (r < 0)
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "Option '%s' is no boolean", key);
                q->is_previous = previous;

                r = sd_bus_message_exit_container(msg);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(msg);
}

/* On the manager, as a log is there when the machine is not any more. */
static int method_open_console_log(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        OperationRequest q = { .kind = &operation_open_console_log, .caller.pidfd = -EBADF };
        const char *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r >= 0)
                r = read_log_options(msg, &q, reterr);
        if (r < 0)
                return r;

        q.machine = strdup(name);
        return q.machine ? bus_operate(msg, &q, bus_write_fd) : -ENOMEM;
}

/* Of nobody but the caller: what one may ask for one may take back. */
static int method_cancel_copy(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        uint64_t serial;
        int r;

        r = sd_bus_message_read(msg, "t", &serial);
        if (r < 0)
                return r;
        if (bus_cancel_copies(msg, serial) == 0)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_FILE_NOT_FOUND, "No such copy is under way");

        return sd_bus_reply_method_return(msg, NULL);
}

/* Who would have to ask polkit for it asks machine by machine. */
static int append_details(sd_bus_message *reply, const Operations *operations, uid_t uid, Machine *m) {
        const MachineInfo *info = machine_info(m);
        const Sight *sight = machine_sight(m);
        bool os, addresses;
        int r;

        os = sight_knows_os(sight) && operation_is_granted(operations, &operation_get_os_release, uid, m);
        addresses = sight_knows_addresses(sight) &&
                    operation_is_granted(operations, &operation_get_addresses, uid, m);

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "sssbssba(iay)");
        if (r < 0)
                return r;

        r = sd_bus_message_append(reply, "sssbssb", info->name, machine_class_to_string(info->class),
                                  info->service ?: "", (int) os, os && sight->os_id ? sight->os_id : "",
                                  os && sight->os_version ? sight->os_version : "", (int) addresses);
        if (r < 0)
                return r;

        r = bus_write_addresses(reply, sight->addresses, addresses ? sight->n_addresses : 0);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_list_machine_details(
                sd_bus_message *msg,
                void *userdata,
                _unused_ sd_bus_error *reterr) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Bus *b = userdata;
        uid_t uid;
        int r;

        r = sender_uid(&b->senders, msg, &uid);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_return(msg, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sssbssba(iay))");
        for (Machine *m = NULL; r >= 0 && (m = manager_next(b->manager, m));)
                r = append_details(reply, b->operations, uid, m);
        if (r < 0)
                return r;

        r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        if (r >= 0 && b->survey)
                survey_note_list(b->survey);

        return r;
}

const sd_bus_vtable bus_berth_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_METHOD_WITH_ARGS("StartMachine",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("o", machine),
                                method_start_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenConsoleLog",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("h", file),
                                method_open_console_log,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StopMachine",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("s", how),
                                bus_operate_from_berth_manager,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("EnableMachine",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                method_enable_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DisableMachine",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_NO_RESULT,
                                method_disable_machine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListEnabledMachines",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(sitasas)", machines),
                                method_list_enabled_machines,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CancelCopy",
                                SD_BUS_ARGS("t", serial),
                                SD_BUS_NO_RESULT,
                                method_cancel_copy,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("MachineEvent", SD_BUS_ARGS("s", name, "s", event, "a{sv}", details), 0),
        SD_BUS_SIGNAL_WITH_ARGS("CopyProgress", SD_BUS_ARGS("t", serial, "t", bytes), 0),
        SD_BUS_METHOD_WITH_ARGS("ListMachineDetails",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(sssbssba(iay))", machines),
                                method_list_machine_details,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_VTABLE_END
};
