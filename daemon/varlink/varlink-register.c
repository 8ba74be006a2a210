/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/varlink-error.h"
#include "daemon/varlink/varlink-lookup.h"
#include "daemon/varlink/varlink-operation.h"
#include "daemon/varlink/varlink-register.h"

const VarlinkField varlink_register_fields[] = {
        { "name", VARLINK_STRING, true },
        { "id", VARLINK_STRING },
        { "service", VARLINK_STRING },
        { "class", VARLINK_STRING, true },
        { "leader", VARLINK_INT },
        { "leaderProcessId", VARLINK_ANY },
        { "supervisor", VARLINK_INT },          /* these two are who calls, whatever they say */
        { "supervisorProcessId", VARLINK_ANY },
        { "rootDirectory", VARLINK_STRING },
        { "ifIndices", VARLINK_ANY },
        { "vSockCid", VARLINK_UINT32 },
        { "sshAddress", VARLINK_STRING },
        { "sshPrivateKeyPath", VARLINK_STRING },
        { "controlAddress", VARLINK_STRING },
        { "allocateUnit", VARLINK_BOOL },
        { "allowInteractiveAuthentication", VARLINK_BOOL },
        {},
};

static int read_text(json_t *parameters, const char *name, char **ret) {
        const char *s = varlink_get_string(parameters, name);

        *ret = s ? strdup(s) : NULL;
        return s && !*ret ? -ENOMEM : 0;
}

static int read_texts(json_t *parameters, CreateRequest *q) {
        const struct {
                const char *name;
                char **ret;
        } table[] = {
                { "name", &q->name },
                { "service", &q->service },
                { "class", &q->class },
                { "rootDirectory", &q->root_directory },
                { "sshAddress", &q->ssh_address },
                { "sshPrivateKeyPath", &q->ssh_private_key_path },
                { "controlAddress", &q->control_address },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(table); i++)
                r = read_text(parameters, table[i].name, table[i].ret);

        return r;
}

static int read_id(json_t *parameters, CreateRequest *q) {
        const char *id = varlink_get_string(parameters, "id");

        return id ? id128_parse(id, &q->id) : 0;
}

/* One of the two is enough; the second one says more. */
static int read_leader(json_t *parameters, const char *name, CreateRequest *q) {
        json_t *j = varlink_get(parameters, name);
        VarlinkProcess process;
        int r;

        if (!j)
                return 0;

        r = varlink_process_read(j, &process);
        if (r < 0)
                return r;
        if (q->leader > 0 && q->leader != process.pid)
                return -EINVAL;

        q->leader = process.pid;
        q->leader_pidfd_id = process.pidfd_id;
        return 0;
}

static int read_ifindices(json_t *parameters, CreateRequest *q) {
        json_t *array = varlink_get(parameters, "ifIndices"), *j;
        size_t i;

        /* Whoever registers over Varlink takes care of the network, as with the bus's
         * methods "WithNetwork", which is what these clients have always called there. */
        q->is_wired = true;
        if (!array)
                return 0;
        if (!json_is_array(array) || json_array_size(array) > IFINDICES_MAX)
                return -EINVAL;

        q->ifindices = calloc(json_array_size(array) + 1, sizeof(int));
        if (!q->ifindices)
                return -ENOMEM;

        json_array_foreach(array, i, j) {
                if (!json_is_integer(j) || json_integer_value(j) <= 0 || json_integer_value(j) > INT32_MAX)
                        return -EINVAL;
                q->ifindices[q->n_ifindices++] = (int) json_integer_value(j);
        }
        return 0;
}

static int read_vsock_cid(json_t *parameters, CreateRequest *q) {
        json_int_t cid;

        if (!varlink_get_int(parameters, "vSockCid", &cid))
                return 0;
        if (cid < 0 || cid > UINT32_MAX)
                return -EINVAL;

        return vsock_cid_from_client((uint32_t) cid, &q->vsock_cid);
}

/* Returns which parameter is wrong with -EINVAL. */
static int read_request(json_t *parameters, CreateRequest *q, const char **ret_wrong) {
        int r;

        *ret_wrong = NULL;
        r = read_texts(parameters, q);
        if (r < 0)
                return r;
        if ((r = read_id(parameters, q)) < 0)
                *ret_wrong = "id";
        else if ((r = read_leader(parameters, "leader", q)) < 0)
                *ret_wrong = "leader";
        else if ((r = read_leader(parameters, "leaderProcessId", q)) < 0)
                *ret_wrong = "leaderProcessId";
        else if ((r = read_ifindices(parameters, q)) < 0)
                *ret_wrong = "ifIndices";
        else if ((r = read_vsock_cid(parameters, q)) < 0)
                *ret_wrong = "vSockCid";

        q->wants_scope = varlink_get_bool(parameters, "allocateUnit");
        return r;
}

/* The core checks a request as a whole, and says what is wrong in words. With all else
 * left out that could be, what is wrong now is that. */
static const char *find_wrong(const CreateRequest *q) {
        char name[] = "a", class[] = "container";
        const struct {
                const char *parameter;
                CreateRequest request;
        } table[] = {
                { "name", { .name = q->name, .class = class } },
                { "class", { .name = name, .class = q->class } },
                { "rootDirectory", { .name = name, .class = class, .root_directory = q->root_directory } },
                { "controlAddress",
                  { .name = name, .class = class, .control_address = q->control_address } },
                { "sshAddress", { .name = name, .class = class, .ssh_address = q->ssh_address } },
                { "sshPrivateKeyPath",
                  { .name = name, .class = class, .ssh_private_key_path = q->ssh_private_key_path } },
                { "service", { .name = name, .class = class, .service = q->service } },
                { "leader", { .name = name, .class = class, .leader = q->leader } },
        };
        const char *text;

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (create_request_check(&table[i].request, &text) < 0)
                        return table[i].parameter;

        return "leader";
}

void varlink_register(VarlinkServer *s, VarlinkCall *call) {
        static const VarlinkOperation create = { "Register", &operation_create, .blame = "leader" },
                                      registers = { "Register", &operation_register, .blame = "leader" };
        OperationRequest q = varlink_empty_request();
        const char *wrong, *text;
        int r;

        r = read_request(varlink_call_parameters(call), &q.create, &wrong);
        if (r >= 0) {
                r = create_request_check(&q.create, &text);
                if (r < 0)
                        wrong = find_wrong(&q.create);
        }
        if (r >= 0) {
                q.machine = strdup(q.create.name);
                r = q.machine ? 0 : -ENOMEM;
        }
        if (r < 0) {
                operation_request_done(&q);
                varlink_call_fail_errno(call, r == -ERANGE ? -EINVAL : r, wrong);
                return;
        }

        varlink_operate(s, call, q.create.wants_scope ? &create : &registers, &q);
}
