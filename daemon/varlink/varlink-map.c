/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/idmap.h"
#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-lookup.h"
#include "daemon/varlink/varlink-map.h"
#include "daemon/varlink/varlink-operation.h"

const VarlinkField varlink_map_from_fields[] = {
        VARLINK_LOOKUP_FIELDS,
        { "uid", VARLINK_UINT32 },
        { "gid", VARLINK_UINT32 },
        {},
};

const VarlinkField varlink_map_to_fields[] = {
        { "uid", VARLINK_UINT32 },
        { "gid", VARLINK_UINT32 },
        {},
};

/* The two kinds of ids, in the order in which they are answered. */
static const struct {
        const char *parameter;
        IdKind kind;
        const OperationKind *from;
        const char *host_error, *missing_error;
} id_table[] = {
        { "uid", ID_USER, &operation_map_from_user, VARLINK_MACHINE ".UserInHostRange",
          VARLINK_NO_SUCH_USER },
        { "gid", ID_GROUP, &operation_map_from_group, VARLINK_MACHINE ".GroupInHostRange",
          VARLINK_NO_SUCH_GROUP },
};

/* Of a user and a group, one is asked for after the other. */
typedef struct MapFrom {
        VarlinkContext *context;
        VarlinkCall *call;
        char *machine;
        json_t *reply;
        size_t next;            /* row of id_table */
} MapFrom;

static void map_from_free(MapFrom *m) {
        free(m->machine);
        json_decref(m->reply);
        free(m);
}

static void map_from_go_on(MapFrom *m);

static void on_mapped(void *userdata, int result, _unused_ const char *text, OperationAnswer *answer) {
        MapFrom *m = userdata;

        if (result < 0) {
                varlink_call_fail_errno(m->call, result, "name");
                map_from_free(m);
                return;
        }

        (void) json_object_set_new(m->reply, id_table[m->next++].parameter, json_integer(answer->id));
        map_from_go_on(m);
}

/* Everybody may ask: who it is does not matter. */
static void map_from_go_on(MapFrom *m) {
        json_t *parameters = varlink_call_parameters(m->call);
        OperationRequest q = varlink_empty_request();
        json_int_t id = 0;

        while (m->next < ELEMENTSOF(id_table) &&
               !varlink_get_int(parameters, id_table[m->next].parameter, &id))
                m->next++;

        if (m->next == ELEMENTSOF(id_table)) {
                varlink_call_reply(m->call, TAKE_PTR(m->reply));
                map_from_free(m);
                return;
        }

        q.kind = id_table[m->next].from;
        q.id = (uint32_t) id;
        q.machine = strdup(m->machine);
        if (q.machine)
                operation_submit(m->context->operations, &q, on_mapped, m);
        else
                on_mapped(m, -ENOMEM, NULL, NULL);
}

void varlink_map_from(VarlinkServer *s, VarlinkCall *call) {
        json_t *parameters = varlink_call_parameters(call);
        Machine *machine;
        MapFrom *m;

        machine = varlink_find_machine(s, call);
        if (!machine)
                return;

        if (!varlink_get(parameters, "uid") && !varlink_get(parameters, "gid")) {
                varlink_call_fail_parameter(call, "uid");
                return;
        }

        m = malloc(sizeof(*m));
        if (!m) {
                varlink_call_fail_errno(call, -ENOMEM, NULL);
                return;
        }

        *m = (MapFrom) {
                .context = varlink_context(s),
                .call = call,
                .machine = strdup(machine_info(machine)->name),
                .reply = json_object(),
        };
        if (m->machine)
                map_from_go_on(m);
        else
                on_mapped(m, -ENOMEM, NULL, NULL);
}

/* Finds the machine of one id, and adds the id in there. Returns NULL, or an error's name. */
static const char *map_to(
                VarlinkServer *s,
                json_t *parameters,
                size_t row,
                Machine **machine,
                json_t *reply) {

        Machine *found;
        uint32_t inside;
        json_int_t id;

        if (!varlink_get_int(parameters, id_table[row].parameter, &id))
                return NULL;
        if (id < HOST_IDS)
                return id_table[row].host_error;
        if (manager_find_by_id(varlink_context(s)->manager, id_table[row].kind, (uint32_t) id, &found,
                               &inside) < 0)
                return id_table[row].missing_error;
        if (*machine && *machine != found)
                return VARLINK_NO_SUCH_MACHINE;

        *machine = found;
        (void) json_object_set_new(reply, id_table[row].parameter, json_integer(inside));
        return NULL;
}

void varlink_map_to(VarlinkServer *s, VarlinkCall *call) {
        json_t *parameters = varlink_call_parameters(call), *reply = json_object();
        Machine *machine = NULL;
        const char *error;

        error = map_to(s, parameters, 0, &machine, reply);
        if (!error)
                error = map_to(s, parameters, 1, &machine, reply);

        if (!error && machine) {
                (void) json_object_set_new(reply, "machineName",
                                           varlink_string(machine_info(machine)->name));
                varlink_call_reply(call, reply);
                return;
        }

        json_decref(reply);
        if (error)
                varlink_call_fail(call, error, NULL);
        else
                varlink_call_fail_parameter(call, "uid");
}
