/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/bus-error.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/exec.h"
#include "daemon/bus/life.h"
#include "daemon/bus/operations.h"
#include "daemon/bus/sender.h"
#include "daemon/bus/stats.h"
#include "lib/base/envfile.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

/* A method call whose answer may take time. */
struct BusCall {
        Bus *bus;
        BusCall *next, *previous;
        sd_bus_message *msg;
        BusAnswer write;
};

static void call_free(BusCall *c) {
        if (c->previous)
                c->previous->next = c->next;
        else
                c->bus->calls = c->next;
        if (c->next)
                c->next->previous = c->previous;

        sd_bus_message_unref(c->msg);
        free(c);
}

static void reply_error(sd_bus_message *msg, int error, const char *text) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;

        (void) bus_error_text(&e, error, text);
        (void) sd_bus_reply_method_error(msg, &e);
}

static void on_done(void *userdata, int result, const char *text, OperationAnswer *answer) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        BusCall *c = userdata;
        int r = result;

        if (r >= 0)
                r = sd_bus_message_new_method_return(c->msg, &reply);
        if (r >= 0 && c->write)
                r = c->write(reply, answer);

        if (r >= 0)
                (void) sd_bus_send(sd_bus_message_get_bus(c->msg), reply, NULL);
        else
                reply_error(c->msg, r, text ?: error_text(r));

        call_free(c);
}

/* Told to the caller alone: others have no business with what is copied. */
static void on_progress(void *userdata, uint64_t bytes) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        const BusCall *c = userdata;
        const char *sender = sd_bus_message_get_sender(c->msg);
        uint64_t serial;
        int r;

        r = sd_bus_message_get_cookie(c->msg, &serial);
        if (r >= 0)
                r = sd_bus_message_new_signal(sd_bus_message_get_bus(c->msg), &signal, MACHINE1_PATH,
                                              BERTH_MANAGER, "CopyProgress");
        if (r >= 0 && sender)
                r = sd_bus_message_set_destination(signal, sender);
        if (r >= 0)
                r = sd_bus_message_append(signal, "tt", serial, bytes);
        if (r >= 0)
                (void) sd_bus_send(NULL, signal, NULL);
}

static bool is_of_caller(const BusCall *c, sd_bus_message *msg, uint64_t serial) {
        uint64_t cookie;

        return sd_bus_message_get_bus(c->msg) == sd_bus_message_get_bus(msg) &&
               streq_ptr(sd_bus_message_get_sender(c->msg), sd_bus_message_get_sender(msg)) &&
               (serial == 0 || (sd_bus_message_get_cookie(c->msg, &cookie) >= 0 && cookie == serial));
}

int bus_cancel_copies(sd_bus_message *msg, uint64_t serial) {
        Bus *b = bus_of(msg);
        BusCall *next;
        int n = 0;

        for (BusCall *c = b->calls; c; c = next) {
                next = c->next;
                if (is_of_caller(c, msg, serial))
                        n += operations_cancel(b->operations, c);
        }

        return n;
}

/* Whom it takes a question to find out is asked for only where it matters. */
static int read_caller(sd_bus_message *msg, const OperationKind *kind, Caller *caller) {
        const char *name = sender_name(msg);

        *caller = (Caller) {
                .uid = CALLER_UNKNOWN,
                .pidfd = -EBADF,
                .bus_name = name ? strdup(name) : NULL,
                .interactive = sd_bus_message_get_allow_interactive_authorization(msg) > 0,
        };
        if (name && !caller->bus_name)
                return -ENOMEM;

        if (!kind->action)
                return 0;

        /* Who registers a machine leads it, or takes care of it; and nothing else tells polkit of a peer. */
        return kind->hold || !name ? sender_process(&bus_of(msg)->senders, msg, &caller->uid, &caller->pidfd)
                                   : sender_uid(&bus_of(msg)->senders, msg, &caller->uid);
}

int bus_operate(sd_bus_message *msg, OperationRequest *request, BusAnswer write) {
        Bus *b = bus_of(msg);
        BusCall *c;
        int r;

        assert(msg);
        assert(request);

        c = malloc(sizeof(*c));
        r = c ? read_caller(msg, request->kind, &request->caller) : -ENOMEM;
        if (r < 0) {
                operation_request_done(request);
                free(c);
                return r;
        }

        *c = (BusCall) { .bus = b, .next = b->calls, .msg = sd_bus_message_ref(msg), .write = write };
        if (c->next)
                c->next->previous = c;
        b->calls = c;

        request->progress = on_progress;
        operation_submit(b->operations, request, on_done, c);
        return 1;
}

int bus_write_machine(sd_bus_message *reply, const OperationAnswer *answer) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = machine_path(answer->machine, &path);
        return r < 0 ? r : sd_bus_message_append(reply, "o", path);
}

/* Arguments */

static int read_kill(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        const char *whom;
        int32_t signal;
        int r;

        r = sd_bus_message_read(msg, "si", &whom, &signal);
        if (r < 0)
                return r;

        q->signal = signal;
        r = kill_whom_from_string(whom, &q->whom);
        return r < 0 ? sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid kill target '%s'", whom)
                     : 0;
}

static int read_id(sd_bus_message *msg, OperationRequest *q, _unused_ sd_bus_error *reterr) {
        return sd_bus_message_read(msg, "u", &q->id);
}

static int copy_paths(OperationRequest *q, const char *source, const char *destination) {
        q->source = strdup(source);
        if (!isempty(destination))
                q->destination = strdup(destination);

        return q->source && (isempty(destination) || q->destination) ? 0 : -ENOMEM;
}

static int read_copy(sd_bus_message *msg, OperationRequest *q, _unused_ sd_bus_error *reterr) {
        const char *source, *destination;
        int r;

        r = sd_bus_message_read(msg, "ss", &source, &destination);
        return r < 0 ? r : copy_paths(q, source, destination);
}

#define COPY_REPLACES UINT64_C(1)

static int read_copy_with_flags(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        uint64_t flags;
        int r;

        r = read_copy(msg, q, reterr);
        if (r >= 0)
                r = sd_bus_message_read(msg, "t", &flags);
        if (r < 0)
                return r;
        if (flags & ~COPY_REPLACES)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid flags");

        q->replaces = flags & COPY_REPLACES;
        return 0;
}

static int read_bind(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        int is_read_only, makes_directory, r;

        r = read_copy(msg, q, reterr);
        if (r >= 0)
                r = sd_bus_message_read(msg, "bb", &is_read_only, &makes_directory);
        if (r < 0)
                return r;

        q->is_read_only = is_read_only;
        q->makes_directory = makes_directory;
        return 0;
}

static int read_shell(sd_bus_message *msg, OperationRequest *q, _unused_ sd_bus_error *reterr) {
        const char *user, *program;
        int r;

        r = sd_bus_message_read(msg, "ss", &user, &program);
        if (r >= 0)
                r = sd_bus_message_read_strv(msg, &q->argv);
        if (r >= 0)
                r = sd_bus_message_read_strv(msg, &q->environment);
        if (r < 0)
                return r;

        /* As polkit is told it. */
        q->user = strdup(isempty(user) ? "root" : user);
        q->program = strdup(program);
        return q->user && q->program ? 0 : -ENOMEM;
}

/* Answers */

static int write_id(sd_bus_message *reply, const OperationAnswer *answer) {
        return sd_bus_message_append(reply, "u", answer->id);
}

static int write_ssh_info(sd_bus_message *reply, const OperationAnswer *answer) {
        return sd_bus_message_append(reply, "ss", answer->ssh_address, answer->ssh_private_key_path);
}

int bus_write_addresses(sd_bus_message *reply, const NetlinkAddress *addresses, size_t n) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(iay)");
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                const InetRange *address = &addresses[i].address;

                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "iay");
                if (r >= 0)
                        r = sd_bus_message_append(reply, "i", (int32_t) address->family);
                if (r >= 0)
                        r = sd_bus_message_append_array(reply, 'y', address->bytes,
                                                        inet_size(address->family));
                if (r >= 0)
                        r = sd_bus_message_close_container(reply);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(reply);
}

static int write_addresses(sd_bus_message *reply, const OperationAnswer *answer) {
        return bus_write_addresses(reply, answer->addresses, answer->n_addresses);
}

static int write_pairs(sd_bus_message *reply, const OperationAnswer *answer) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r < 0)
                return r;

        /* Of keys that are assigned twice, the last one counts, and a dictionary has each once. */
        for (char *const *i = answer->pairs; *i; i += 2) {
                if (envfile_get(answer->pairs, i[0]) != i[1])
                        continue;

                r = sd_bus_message_append(reply, "{ss}", i[0], i[1]);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(reply);
}

int bus_write_fd(sd_bus_message *reply, const OperationAnswer *answer) {
        return sd_bus_message_append(reply, "h", answer->fd);
}

static int write_stats(sd_bus_message *reply, const OperationAnswer *answer) {
        return bus_write_stats(reply, answer->stats);
}

static int write_terminal(sd_bus_message *reply, const OperationAnswer *answer) {
        return sd_bus_message_append(reply, "hs", answer->fd, answer->path);
}

/* The doors */

typedef struct Row {
        const char *manager_method, *machine_method;
        const OperationKind *kind;
        int (*read)(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr);
        BusAnswer write;
} Row;

/* Of machine1. */
static const Row row_table[] = {
        { "UnregisterMachine", NULL, &operation_unregister },
        { "TerminateMachine", "Terminate", &operation_terminate },
        { "KillMachine", "Kill", &operation_kill, read_kill },
        { "GetMachineAddresses", "GetAddresses", &operation_get_addresses, NULL, write_addresses },
        { "GetMachineSSHInfo", "GetSSHInfo", &operation_get_ssh_info, NULL, write_ssh_info },
        { "GetMachineUIDShift", "GetUIDShift", &operation_get_uid_shift, NULL, write_id },
        { "MapFromMachineUser", NULL, &operation_map_from_user, read_id, write_id },
        { "MapFromMachineGroup", NULL, &operation_map_from_group, read_id, write_id },
        { "GetMachineOSRelease", "GetOSRelease", &operation_get_os_release, NULL, write_pairs },
        { "OpenMachineRootDirectory", "OpenRootDirectory", &operation_open_root_directory, NULL,
          bus_write_fd },
        { "CopyFromMachine", "CopyFrom", &operation_copy_from, read_copy },
        { "CopyToMachine", "CopyTo", &operation_copy_to, read_copy },
        { "CopyFromMachineWithFlags", "CopyFromWithFlags", &operation_copy_from, read_copy_with_flags },
        { "CopyToMachineWithFlags", "CopyToWithFlags", &operation_copy_to, read_copy_with_flags },
        { "BindMountMachine", "BindMount", &operation_bind, read_bind },
        { "OpenMachinePTY", "OpenPTY", &operation_open_pty, NULL, write_terminal },
        { "OpenMachineLogin", "OpenLogin", &operation_open_login, NULL, write_terminal },
        { "OpenMachineShell", "OpenShell", &operation_open_shell, read_shell, write_terminal },
};

/* Of org.berth. */
static const Row berth_row_table[] = {
        { "StopMachine", NULL, &operation_stop, bus_read_stop, bus_write_end },
        { NULL, "Exec", &operation_exec, bus_read_exec, bus_write_exec },
        { NULL, "GetStats", &operation_get_stats, NULL, write_stats },
        { NULL, "Freeze", &operation_freeze },
        { NULL, "Thaw", &operation_thaw },
        { NULL, "SetProperties", &operation_set_properties, bus_read_limits },
        { NULL, "OpenConsoleLog", &operation_open_console_log, NULL, bus_write_fd },
        { NULL, "OpenJournal", &operation_open_journal, NULL, bus_write_fd },
};

static int read_and_operate(sd_bus_message *msg, const Row *row, const char *name, sd_bus_error *reterr) {
        OperationRequest q = { .kind = row->kind, .machine = strdup(name), .caller.pidfd = -EBADF };
        int r;

        r = q.machine ? 0 : -ENOMEM;
        if (r >= 0 && row->read)
                r = row->read(msg, &q, reterr);
        if (r >= 0)
                return bus_operate(msg, &q, row->write);

        operation_request_done(&q);
        return r;
}

static int operate_from_manager(
                sd_bus_message *msg,
                const Row *table,
                size_t n_rows,
                sd_bus_error *reterr) {

        const char *method = sd_bus_message_get_member(msg), *name;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n_rows; i++)
                if (streq_ptr(table[i].manager_method, method))
                        return read_and_operate(msg, &table[i], name, reterr);

        return -ENOSYS;
}

int bus_operate_from_manager(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        return operate_from_manager(msg, row_table, ELEMENTSOF(row_table), reterr);
}

int bus_operate_from_berth_manager(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        return operate_from_manager(msg, berth_row_table, ELEMENTSOF(berth_row_table), reterr);
}

static int operate_from_machine(
                sd_bus_message *msg,
                const Row *table,
                size_t n_rows,
                const Machine *m,
                sd_bus_error *reterr) {

        const char *method = sd_bus_message_get_member(msg);

        for (size_t i = 0; i < n_rows; i++)
                if (streq_ptr(table[i].machine_method, method))
                        return read_and_operate(msg, &table[i], machine_info(m)->name, reterr);

        return -ENOSYS;
}

int bus_operate_from_machine(sd_bus_message *msg, void *userdata, sd_bus_error *reterr) {
        return operate_from_machine(msg, row_table, ELEMENTSOF(row_table), userdata, reterr);
}

int bus_operate_from_berth_machine(sd_bus_message *msg, void *userdata, sd_bus_error *reterr) {
        return operate_from_machine(msg, berth_row_table, ELEMENTSOF(berth_row_table), userdata, reterr);
}
