/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/descriptions.h"
#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-list.h"
#include "daemon/varlink/varlink-lookup.h"
#include "daemon/varlink/varlink-machine.h"
#include "daemon/varlink/varlink-map.h"
#include "daemon/varlink/varlink-open.h"
#include "daemon/varlink/varlink-operation.h"
#include "daemon/varlink/varlink-register.h"

#define FILE_EXISTS VARLINK_MACHINE ".FileExists"

static const char *read_kill(json_t *parameters, OperationRequest *q) {
        json_int_t number = 0;

        (void) varlink_get_int(parameters, "signal", &number);
        if (number < 0 || number > INT32_MAX)
                return "signal";

        q->signal = (int) number;
        return kill_whom_from_string(varlink_get_string(parameters, "whom") ?: "all", &q->whom) < 0 ? "whom"
                                                                                                     : NULL;
}

static bool copy_text(json_t *parameters, const char *name, char **ret) {
        const char *text = varlink_get_string(parameters, name);

        *ret = isempty(text) ? NULL : strdup(text);
        return isempty(text) || *ret;
}

/* Where no destination is given it is the same path on the other side. */
static const char *read_paths(json_t *parameters, OperationRequest *q) {
        const char *destination = varlink_get_string(parameters, "destination");

        if (varlink_get_string(parameters, "source")[0] != '/' ||
            !copy_text(parameters, "source", &q->source))
                return "source";
        if ((!isempty(destination) && destination[0] != '/') ||
            !copy_text(parameters, "destination", &q->destination))
                return "destination";

        return NULL;
}

static const char *read_copy(json_t *parameters, OperationRequest *q) {
        q->replaces = varlink_get_bool(parameters, "replace");
        return read_paths(parameters, q);
}

static const char *read_bind(json_t *parameters, OperationRequest *q) {
        q->is_read_only = varlink_get_bool(parameters, "readOnly");
        q->makes_directory = varlink_get_bool(parameters, "mkdir");
        return read_paths(parameters, q);
}

static void write_fd(VarlinkCall *call, OperationAnswer *answer) {
        varlink_call_reply_fd(call, json_pack("{s:i}", "fileDescriptor", 0), TAKE_FD(answer->fd));
}

static const VarlinkOperation operations[] = {
        { "Unregister", &operation_unregister },
        { "Terminate", &operation_terminate },
        { "Kill", &operation_kill, read_kill, NULL, "signal" },
        { "OpenRootDirectory", &operation_open_root_directory, NULL, write_fd },
        { "BindMount", &operation_bind, read_bind, NULL, "destination" },
        { "CopyFrom", &operation_copy_from, read_copy, .error = -EEXIST, .error_name = FILE_EXISTS },
        { "CopyTo", &operation_copy_to, read_copy, .error = -EEXIST, .error_name = FILE_EXISTS },
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

static const VarlinkField bind_fields[] = {
        VARLINK_LOOKUP_FIELDS,
        { "source", VARLINK_STRING, true },
        { "destination", VARLINK_STRING },
        { "readOnly", VARLINK_BOOL },
        { "mkdir", VARLINK_BOOL },
        {},
};

static const VarlinkField copy_fields[] = {
        VARLINK_LOOKUP_FIELDS,
        { "source", VARLINK_STRING, true },
        { "destination", VARLINK_STRING },
        { "replace", VARLINK_BOOL },
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
                { "Open", varlink_open_fields, varlink_open },
                { "MapFrom", varlink_map_from_fields, varlink_map_from },
                { "MapTo", varlink_map_to_fields, varlink_map_to },
                { "OpenRootDirectory", lookup_fields, operate },
                { "BindMount", bind_fields, operate },
                { "CopyFrom", copy_fields, operate },
                { "CopyTo", copy_fields, operate },
                {},
        },
};
