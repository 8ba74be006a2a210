/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/bus/operations.h"
#include "daemon/bus/register.h"
#include "lib/base/text.h"
#include "lib/scope/property-bus.h"

/* More than the keys there are, each several times. */
#define KEYS_MAX 64

static int read_id(sd_bus_message *msg, CreateRequest *q, sd_bus_error *reterr) {
        const void *bytes;
        size_t size;
        int r;

        r = sd_bus_message_read_array(msg, 'y', &bytes, &size);
        if (r < 0)
                return r;
        if (size != 0 && size != sizeof(q->id.bytes))
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid machine ID parameter");

        q->id = (Id128) {};
        if (size > 0)
                memcpy(q->id.bytes, bytes, size);
        return 0;
}

static int read_text(sd_bus_message *msg, char **text) {
        const char *s;
        int r;

        r = sd_bus_message_read(msg, "s", &s);
        if (r < 0)
                return r;

        free(*text);
        *text = strdup(s);
        return *text ? 0 : -ENOMEM;
}

static int read_service(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        return read_text(msg, &q->service);
}

static int read_class(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        return read_text(msg, &q->class);
}

static int read_root_directory(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        return read_text(msg, &q->root_directory);
}

static int read_ssh_address(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        return read_text(msg, &q->ssh_address);
}

static int read_ssh_private_key_path(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        return read_text(msg, &q->ssh_private_key_path);
}

/* What is beyond the largest number is negative, and refused with the request. */
static int read_leader(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        return sd_bus_message_read(msg, "u", &q->leader);
}

static int read_leader_fd(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        int r, fd;

        r = sd_bus_message_read(msg, "h", &fd);
        if (r < 0)
                return r;

        /* The message's own is closed with it. */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;

        if (q->leader_fd > 0)
                (void) close(q->leader_fd);
        q->leader_fd = fd;
        return 0;
}

static int read_leader_pidfd_id(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        return sd_bus_message_read(msg, "t", &q->leader_pidfd_id);
}

static int read_ifindices(sd_bus_message *msg, CreateRequest *q, _unused_ sd_bus_error *reterr) {
        const int32_t *ifindices;
        size_t size;
        int r;

        r = sd_bus_message_read_array(msg, 'i', (const void **) &ifindices, &size);
        if (r < 0)
                return r;

        free(q->ifindices);
        q->ifindices = malloc(size + 1);
        if (!q->ifindices)
                return -ENOMEM;

        if (size > 0)
                memcpy(q->ifindices, ifindices, size);
        q->n_ifindices = size / sizeof(int32_t);
        q->is_wired = true;
        return 0;
}

static int read_vsock_cid(sd_bus_message *msg, CreateRequest *q, sd_bus_error *reterr) {
        uint32_t cid;
        int r;

        r = sd_bus_message_read(msg, "u", &cid);
        if (r < 0)
                return r;

        r = vsock_cid_from_client(cid, &q->vsock_cid);
        if (r < 0)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid vsock context id %u",
                                         cid);

        return 0;
}

static int read_scope_properties(sd_bus_message *msg, CreateRequest *q, sd_bus_error *reterr) {
        int r;

        r = properties_read(msg, &q->properties);
        if (r == -EINVAL || r == -E2BIG)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid scope properties");

        return r;
}

/* The long form */

typedef struct Key {
        const char *name, *type;
        int (*read)(sd_bus_message *msg, CreateRequest *q, sd_bus_error *reterr);
} Key;

static const Key key_table[] = {
        { "Id", "ay", read_id },
        { "Service", "s", read_service },
        { "Class", "s", read_class },
        { "LeaderPID", "u", read_leader },
        { "LeaderPIDFD", "h", read_leader_fd },
        { "LeaderPIDFDID", "t", read_leader_pidfd_id },
        { "RootDirectory", "s", read_root_directory },
        { "NetworkInterfaces", "ai", read_ifindices },
        { "VSockCID", "u", read_vsock_cid },
        { "SSHAddress", "s", read_ssh_address },
        { "SSHPrivateKeyPath", "s", read_ssh_private_key_path },
};

static int read_key(sd_bus_message *msg, CreateRequest *q, sd_bus_error *reterr) {
        const char *name, *type;
        int r;

        r = sd_bus_message_read(msg, "s", &name);
        if (r < 0)
                return r;

        r = sd_bus_message_peek_type(msg, NULL, &type);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(key_table); i++) {
                if (!streq(key_table[i].name, name) || !streq(key_table[i].type, type))
                        continue;

                if ((r = sd_bus_message_enter_container(msg, 'v', type)) < 0 ||
                    (r = key_table[i].read(msg, q, reterr)) < 0)
                        return r;

                return sd_bus_message_exit_container(msg);
        }

        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                 "Unknown property '%s' of a machine, or not of type '%s'", name, type);
}

static int read_keys(sd_bus_message *msg, CreateRequest *q, sd_bus_error *reterr) {
        int r;

        r = sd_bus_message_enter_container(msg, 'a', "(sv)");
        if (r < 0)
                return r;

        for (unsigned n = 0; (r = sd_bus_message_enter_container(msg, 'r', "sv")) > 0; n++) {
                if (n >= KEYS_MAX)
                        return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Too many properties");

                if ((r = read_key(msg, q, reterr)) < 0 || (r = sd_bus_message_exit_container(msg)) < 0)
                        return r;
        }
        if (r < 0)
                return r;

        /* A number alone, or an inode alone, is what a newer client has pidfds for. */
        if (q->leader_fd <= 0 && (q->leader > 0) != (q->leader_pidfd_id > 0))
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "LeaderPID and LeaderPIDFDID come together, or with LeaderPIDFD");

        return sd_bus_message_exit_container(msg);
}

/* The forms */

static int read_arguments(sd_bus_message *msg, CreateRequest *q, sd_bus_error *reterr) {
        int r;

        if ((r = read_id(msg, q, reterr)) < 0 ||
            (r = read_service(msg, q, reterr)) < 0 ||
            (r = read_class(msg, q, reterr)) < 0 ||
            (r = read_leader(msg, q, reterr)) < 0)
                return r;

        return read_root_directory(msg, q, reterr);
}

static int read_request(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        const char *method = sd_bus_message_get_member(msg);
        CreateRequest *create = &q->create;
        int r;

        r = read_text(msg, &create->name);
        if (r < 0)
                return r;

        q->machine = strdup(create->name);
        if (!q->machine)
                return -ENOMEM;

        /* Who asks in that form is a machined's client, and takes care of the network itself:
         * nspawn has no interface to tell of where it was asked for none. */
        create->is_wired = endswith(method, "Ex");

        r = endswith(method, "Ex") ? read_keys(msg, create, reterr) : read_arguments(msg, create, reterr);
        if (r >= 0 && endswith(method, "WithNetwork"))
                r = read_ifindices(msg, create, reterr);
        if (r >= 0 && create->wants_scope)
                r = read_scope_properties(msg, create, reterr);
        return r;
}

int bus_register(sd_bus_message *msg, _unused_ void *userdata, sd_bus_error *reterr) {
        bool creates = startswith(sd_bus_message_get_member(msg), "Create");
        OperationRequest q = {
                .kind = creates ? &operation_create : &operation_register,
                .caller.pidfd = -EBADF,
                .create.wants_scope = creates,
        };
        int r;

        r = read_request(msg, &q, reterr);
        if (r >= 0)
                return bus_operate(msg, &q, bus_write_machine);

        operation_request_done(&q);
        return r;
}
