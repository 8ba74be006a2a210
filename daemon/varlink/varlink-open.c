/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-lookup.h"
#include "daemon/varlink/varlink-open.h"
#include "daemon/varlink/varlink-operation.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

const VarlinkField varlink_open_fields[] = {
        VARLINK_LOOKUP_FIELDS,
        { "mode", VARLINK_STRING, true },
        { "user", VARLINK_STRING },
        { "path", VARLINK_STRING },
        { "args", VARLINK_STRINGS },
        { "environment", VARLINK_STRINGS },
        {},
};

/* What is for shells only. */
static const char *read_nothing(json_t *parameters, _unused_ OperationRequest *q) {
        static const char *const names[] = { "user", "path", "args", "environment" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (varlink_get(parameters, names[i]))
                        return names[i];

        return NULL;
}

static const char *read_shell(json_t *parameters, OperationRequest *q) {
        const char *user = varlink_get_string(parameters, "user");
        const char *path = varlink_get_string(parameters, "path");

        if (!isempty(user) && !user_name_is_valid(user))
                return "user";
        if (!isempty(path) && path[0] != '/')
                return "path";

        q->user = strdup(isempty(user) ? "root" : user); /* as polkit is told it */
        if (!q->user)
                return "user";
        q->program = strdup(path ?: "");
        if (!q->program)
                return "path";
        if (varlink_get_strings(parameters, "args", &q->argv) < 0)
                return "args";
        if (varlink_get_strings(parameters, "environment", &q->environment) < 0)
                return "environment";

        return NULL;
}

static void write_terminal(VarlinkCall *call, OperationAnswer *answer) {
        varlink_call_reply_fd(call, json_pack("{s:i, s:o}", "ptyFileDescriptor", 0,
                                              "ptyPath", varlink_string(answer->path)),
                              TAKE_FD(answer->fd));
}

#define NO_IPC .error = -ENOENT, .error_name = VARLINK_MACHINE ".NoIPC"

/* The modes, by their names. */
static const VarlinkOperation mode_table[] = {
        { "tty", &operation_open_pty, read_nothing, write_terminal },
        { "login", &operation_open_login, read_nothing, write_terminal, NO_IPC },
        { "shell", &operation_open_shell, read_shell, write_terminal, "environment", NO_IPC },
};

void varlink_open(VarlinkServer *s, VarlinkCall *call) {
        const char *mode = varlink_get_string(varlink_call_parameters(call), "mode");

        for (size_t i = 0; i < ELEMENTSOF(mode_table); i++)
                if (streq(mode_table[i].method, mode)) {
                        varlink_operate_on_machine(s, call, &mode_table[i]);
                        return;
                }

        varlink_call_fail_parameter(call, "mode");
}
