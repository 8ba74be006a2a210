/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-list.h"
#include "daemon/varlink/varlink-lookup.h"
#include "lib/base/envfile.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

typedef enum Acquire {
        ACQUIRE_NO,
        ACQUIRE_YES,            /* what cannot be had ends the list */
        ACQUIRE_GRACEFUL,       /* it is left out */
} Acquire;

typedef struct List {
        VarlinkCall *call;      /* NULL: it is answered, or nobody listens */
        VarlinkContext *context;
        Caller caller;
        Acquire acquire;
        char **names;           /* of machines that are still to come */
        size_t next;
        json_t *current;        /* the machine that is being looked at */
        size_t look;            /* how far that is */
        json_t *held;           /* the one before: only the last reply is marked as such */
        bool is_waiting;        /* for a look */
        bool is_running;        /* list_run() is on the stack */
} List;

const VarlinkField varlink_list_fields[] = {
        VARLINK_LOOKUP_FIELDS,
        { "acquireMetadata", VARLINK_STRING },
        {},
};

static void list_free(List *l) {
        (void) strv_free(l->names);
        caller_done(&l->caller);
        json_decref(l->current);
        json_decref(l->held);
        free(l);
}

/* What is known of a machine */

static void set(json_t *object, const char *key, json_t *value) {
        (void) json_object_set_new(object, key, value);
}

static void set_string(json_t *object, const char *key, const char *value) {
        if (!isempty(value))
                set(object, key, varlink_string(value));
}

static json_t *describe_process(pid_t pid, const ProcessIdentity *identity) {
        json_t *j = json_pack("{s:i}", "pid", (int) pid);

        if (identity->pidfd_id > 0)
                set(j, "pidfdId", json_integer((json_int_t) identity->pidfd_id));
        return j;
}

static json_t *describe(const MachineInfo *info) {
        char id[ID128_STRING_MAX];
        json_t *j = json_object();

        set(j, "name", varlink_string(info->name));
        if (!id128_is_null(info->id))
                set(j, "id", json_string(id128_format(info->id, id)));
        set_string(j, "service", info->service);
        set_string(j, "class", machine_class_to_string(info->class));
        set(j, "leader", describe_process(info->leader, &info->leader_identity));
        if (info->supervisor > 0)
                set(j, "supervisor", describe_process(info->supervisor, &info->supervisor_identity));
        set_string(j, "rootDirectory", info->root_directory);
        set_string(j, "unit", info->unit);
        set_string(j, "subgroup", info->subgroup);
        if (info->vsock_cid > 0)
                set(j, "vSockCid", json_integer(info->vsock_cid));
        set_string(j, "sshAddress", info->ssh_address);
        set_string(j, "sshPrivateKeyPath", info->ssh_private_key_path);
        set_string(j, "controlAddress", info->control_address);
        set(j, "timestamp", json_pack("{s:I, s:I}", "realtime", (json_int_t) info->realtime,
                                      "monotonic", (json_int_t) info->monotonic));
        set(j, "UID", json_integer(info->uid));
        return j;
}

/* Looks into it */

static int write_addresses(json_t *object, const OperationAnswer *answer) {
        json_t *array = json_array();

        for (size_t i = 0; i < answer->n_addresses; i++) {
                const InetRange *address = &answer->addresses[i].address;
                json_t *bytes = json_array();

                for (size_t k = 0; k < inet_size(address->family); k++)
                        (void) json_array_append_new(bytes, json_integer(address->bytes[k]));
                (void) json_array_append_new(array, json_pack("{s:i, s:o}", "family", (int) address->family,
                                                              "address", bytes));
        }

        return json_object_set_new(object, "addresses", array);
}

static int write_os_release(json_t *object, const OperationAnswer *answer) {
        json_t *array = json_array();

        for (char *const *i = answer->pairs; i && *i; i += 2) {
                _cleanup_free_ char *line = NULL;

                if (envfile_get(answer->pairs, i[0]) != i[1])
                        continue;
                if (text_printf(&line, "%s=%s", i[0], i[1]) >= 0)
                        (void) json_array_append_new(array, varlink_string(line));
        }

        return json_object_set_new(object, "OSRelease", array);
}

static int write_uid_shift(json_t *object, const OperationAnswer *answer) {
        return json_object_set_new(object, "UIDShift", json_integer(answer->id));
}

static const struct {
        const OperationKind *kind;
        int (*write)(json_t *object, const OperationAnswer *answer);
        int error;              /* that of a machine which has no such thing */
        const char *error_name;
} look_table[] = {
        { &operation_get_addresses, write_addresses, 0, NULL },
        { &operation_get_os_release, write_os_release, -ENOENT, VARLINK_MACHINE ".NoOSReleaseInformation" },
        { &operation_get_uid_shift, write_uid_shift, -EOPNOTSUPP, VARLINK_MACHINE ".NoUIDShift" },
};

static void list_fail(List *l, const char *name, int error) {
        VarlinkCall *call = TAKE_PTR(l->call);

        if (name)
                varlink_call_fail(call, name, NULL);
        else
                varlink_call_fail_errno(call, error, NULL);
}

static void list_run(List *l);

static void on_look(void *userdata, int result, _unused_ const char *text, OperationAnswer *answer) {
        List *l = userdata;
        size_t look = l->look++;

        l->is_waiting = false;
        if (!l->call) {
                if (!l->is_running)
                        list_free(l);
                return;
        }

        if (result >= 0)
                (void) look_table[look].write(l->current, answer);
        else if (l->acquire == ACQUIRE_YES && look_table[look].error == result)
                list_fail(l, look_table[look].error_name, 0);
        else if (l->acquire == ACQUIRE_YES)
                list_fail(l, result == -EOPNOTSUPP ? VARLINK_MACHINE ".NotAvailable" : NULL, result);

        if (!l->is_running)
                list_run(l);
}

static int copy_caller(const Caller *caller, Caller *ret) {
        int fd = -EBADF;

        if (caller->pidfd >= 0) {
                fd = fcntl(caller->pidfd, F_DUPFD_CLOEXEC, 3);
                if (fd < 0)
                        return -errno;
        }

        *ret = (Caller) { .uid = caller->uid, .pidfd = fd, .interactive = caller->interactive };
        return 0;
}

static void look(List *l) {
        OperationRequest q = {
                .kind = look_table[l->look].kind,
                .machine = strdup(json_string_value(json_object_get(l->current, "name"))),
        };
        int r;

        r = q.machine ? copy_caller(&l->caller, &q.caller) : -ENOMEM;
        if (r < 0) {
                q.caller.pidfd = -EBADF;
                operation_request_done(&q);
                list_fail(l, NULL, r);
                return;
        }

        l->is_waiting = true;
        operation_submit(l->context->operations, &q, on_look, l);
}

/* The list itself */

/* The one before goes out, as it is not the last one. Returns whether to go on. */
static bool emit(List *l) {
        json_t *before = l->held;

        l->held = TAKE_PTR(l->current);
        l->look = 0;
        return !before || varlink_call_notify(l->call, before);
}

/* Those that have gone meanwhile are passed over. */
static bool take_next(List *l) {
        Machine *m = NULL;

        while (!m && l->names[l->next])
                m = manager_find(l->context->manager, l->names[l->next++]);
        if (!m)
                return false;

        l->current = describe(machine_info(m));
        return true;
}

static void list_end(List *l) {
        if (l->held)
                varlink_call_reply(TAKE_PTR(l->call), TAKE_PTR(l->held));
        else
                list_fail(l, VARLINK_NO_SUCH_MACHINE, 0);
}

/* Goes on until something takes time, or there is no more to do, and no more list. */
static void list_run(List *l) {
        bool goes_on = true;

        l->is_running = true;
        while (l->call && goes_on) {
                if (!l->current && !take_next(l))
                        list_end(l);
                else if (l->acquire != ACQUIRE_NO && l->look < ELEMENTSOF(look_table)) {
                        look(l);
                        goes_on = !l->is_waiting;
                } else
                        goes_on = emit(l);
        }
        l->is_running = false;

        if (!l->call && !l->is_waiting)
                list_free(l);
}

static void on_writable(void *userdata) {
        list_run(userdata);
}

static void on_gone(void *userdata) {
        List *l = userdata;

        varlink_call_drop(TAKE_PTR(l->call));
        if (!l->is_waiting)
                list_free(l);
}

static int list_names(Manager *m, char ***ret) {
        char **names, **grown;
        size_t n = 0;

        names = calloc(1, sizeof(*names));
        if (!names)
                return -ENOMEM;

        for (Machine *i = manager_next(m, NULL); i; i = manager_next(m, i)) {
                grown = reallocarray(names, n + 2, sizeof(*names));
                if (grown) {
                        names = grown;
                        names[n + 1] = NULL;
                        names[n] = strdup(machine_info(i)->name);
                }
                if (!grown || !names[n++]) {
                        (void) strv_free(names);
                        return -ENOMEM;
                }
        }

        *ret = names;
        return 0;
}

static int read_acquire(VarlinkCall *call, Acquire *ret) {
        static const char *const names[] = {
                [ACQUIRE_NO] = "no",
                [ACQUIRE_YES] = "yes",
                [ACQUIRE_GRACEFUL] = "graceful",
        };
        const char *s = varlink_get_string(varlink_call_parameters(call), "acquireMetadata") ?: "no";

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], s)) {
                        *ret = (Acquire) i;
                        return 0;
                }

        return -EINVAL;
}

static int list_new(VarlinkServer *s, VarlinkCall *call, Machine *only, List **ret) {
        List *l;
        int r;

        l = malloc(sizeof(*l));
        if (!l)
                return -ENOMEM;

        *l = (List) { .context = varlink_context(s), .caller.pidfd = -EBADF };

        r = only ? strv_push(&l->names, machine_info(only)->name)
                 : list_names(l->context->manager, &l->names);
        if (r >= 0)
                r = varlink_caller_read(call, &l->caller);
        if (r >= 0)
                r = read_acquire(call, &l->acquire);
        if (r < 0) {
                list_free(l);
                return r;
        }

        l->call = call;
        *ret = l;
        return 0;
}

void varlink_list(VarlinkServer *s, VarlinkCall *call) {
        Machine *only = NULL;
        List *l;
        int r;

        if (varlink_names_machine(call)) {
                only = varlink_find_machine(s, call);
                if (!only)
                        return;
        } else if (!varlink_call_wants_more(call)) {
                varlink_call_fail(call, VARLINK_EXPECTED_MORE, NULL);
                return;
        }

        r = list_new(s, call, only, &l);
        if (r < 0) {
                varlink_call_fail_errno(call, r, "acquireMetadata");
                return;
        }

        varlink_call_watch(call, (VarlinkWatch) { on_writable, on_gone, l });
        list_run(l);
}
