/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-lookup.h"
#include "daemon/varlink/varlink-operation.h"

/* A call whose answer may take time. */
typedef struct Pending {
        VarlinkCall *call;
        const VarlinkOperation *operation;
} Pending;

static void on_done(void *userdata, int result, _unused_ const char *text, OperationAnswer *answer) {
        Pending *p = userdata;
        VarlinkCall *call = p->call;
        const VarlinkOperation *operation = p->operation;

        free(p);

        if (result < 0 && result == operation->error)
                varlink_call_fail(call, operation->error_name, NULL);
        else if (result < 0)
                varlink_call_fail_errno(call, result, operation->blame);
        else if (operation->write)
                operation->write(call, answer);
        else
                varlink_call_reply(call, json_object());
}

void varlink_operate(
                VarlinkServer *s,
                VarlinkCall *call,
                const VarlinkOperation *operation,
                OperationRequest *request) {

        Pending *p;
        int r;

        assert(request);

        p = malloc(sizeof(*p));
        r = p ? varlink_caller_read(call, &request->caller) : -ENOMEM;
        if (r < 0) {
                operation_request_done(request);
                free(p);
                varlink_call_fail_errno(call, r, NULL);
                return;
        }

        *p = (Pending) { .call = call, .operation = operation };
        request->kind = operation->kind;
        operation_submit(varlink_context(s)->operations, request, on_done, p);
}

void varlink_operate_on_machine(VarlinkServer *s, VarlinkCall *call, const VarlinkOperation *operation) {
        OperationRequest request = varlink_empty_request();
        const char *wrong = NULL;
        Machine *m;

        m = varlink_find_machine(s, call);
        if (!m)
                return;

        if (operation->read)
                wrong = operation->read(varlink_call_parameters(call), &request);

        request.machine = strdup(machine_info(m)->name);
        if (wrong || !request.machine) {
                operation_request_done(&request);
                varlink_call_fail_errno(call, wrong ? -EINVAL : -ENOMEM, wrong);
                return;
        }

        varlink_operate(s, call, operation, &request);
}
