/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>

#include "daemon/bus/bus-error.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/operations.h"
#include "daemon/bus/pending.h"
#include "daemon/core/addresses.h"
#include "lib/base/beneath.h"
#include "lib/base/envfile.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

#define MANAGE_MACHINES MACHINE1_NAME ".manage-machines"

static int authorize(sd_bus_message *msg, Machine *m, const char *verb, sd_bus_error *reterr) {
        const char *const details[] = { "machine", machine_info(m)->name, "verb", verb, NULL };

        return authz_check(bus_of(msg)->authz, msg, MANAGE_MACHINES, details, reterr);
}

int operation_terminate(sd_bus_message *msg, Machine *m, sd_bus_error *reterr) {
        const char *name = machine_info(m)->name;
        Pending *p;
        int r;

        r = authorize(msg, m, "terminate", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = pending_new(msg, &p, "Cannot terminate machine '%s'", name);
        if (r < 0)
                return r;

        r = manager_terminate(bus_of(msg)->manager, m, pending_reply, p);
        if (r < 0) {
                (void) pending_free(p);
                return bus_error(reterr, r, "Cannot terminate machine '%s'", name);
        }

        return 1;
}

int operation_kill(sd_bus_message *msg, Machine *m, sd_bus_error *reterr) {
        const char *name = machine_info(m)->name, *s;
        KillWhom whom;
        int32_t signo;
        int r;

        r = sd_bus_message_read(msg, "si", &s, &signo);
        if (r < 0)
                return r;

        r = kill_whom_from_string(s, &whom);
        if (r < 0)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid kill target '%s'", s);
        if (signo <= 0 || signo >= NSIG)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Invalid signal %i", signo);

        r = authorize(msg, m, "kill", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = machine_kill(m, whom, signo);
        if (r < 0)
                return bus_error(reterr, r, "Cannot kill machine '%s'", name);

        return sd_bus_reply_method_return(msg, NULL);
}

int operation_unregister(sd_bus_message *msg, Machine *m, sd_bus_error *reterr) {
        _cleanup_free_ char *name = strdup(machine_info(m)->name);
        int r;

        if (!name)
                return -ENOMEM;

        r = authorize(msg, m, "unregister", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = manager_unregister(bus_of(msg)->manager, m);
        if (r < 0)
                return bus_error(reterr, r, "Cannot unregister machine '%s'", name);

        return sd_bus_reply_method_return(msg, NULL);
}

/* Of a leader that has just gone, machined says that its files are not there. */
static int error_of_look(int error) {
        return error == -ESRCH ? -ENOENT : error;
}

static int append_addresses(sd_bus_message *reply, const NetlinkAddress *addresses, size_t n) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(iay)");
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                size_t size = inet_size(addresses[i].address.family);

                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "iay");
                if (r >= 0)
                        r = sd_bus_message_append(reply, "i", (int32_t) addresses[i].address.family);
                if (r >= 0)
                        r = sd_bus_message_append_array(reply, 'y', addresses[i].address.bytes, size);
                if (r >= 0)
                        r = sd_bus_message_close_container(reply);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(reply);
}

int operation_get_addresses(sd_bus_message *msg, Machine *m, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ NetlinkAddress *addresses = NULL;
        size_t n;
        int r;

        r = machine_list_addresses(m, &addresses, &n);
        if (r < 0)
                return bus_error(reterr, error_of_look(r), "Cannot get addresses of machine '%s'",
                                 machine_info(m)->name);

        r = sd_bus_message_new_method_return(msg, &reply);
        if (r < 0)
                return r;

        r = append_addresses(reply, addresses, n);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

static int append_pairs(sd_bus_message *reply, char *const *pairs) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r < 0)
                return r;

        /* Of keys that are assigned twice, the last one counts, and a dictionary has each once. */
        for (char *const *i = pairs; *i; i += 2) {
                if (envfile_get(pairs, i[0]) != i[1])
                        continue;

                r = sd_bus_message_append(reply, "{ss}", i[0], i[1]);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(reply);
}

static void on_os_release(void *userdata, int result, const char *answer) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(strv_freep) char **pairs = NULL;
        Pending *p = userdata;
        int r = result;

        if (r >= 0)
                r = envfile_parse(answer, &pairs);
        if (r >= 0)
                r = sd_bus_message_new_method_return(p->msg, &reply);
        if (r >= 0)
                r = append_pairs(reply, pairs);
        if (r < 0)
                pending_fail(p, r, NULL);
        else
                pending_send(p, reply);
}

int operation_get_os_release(sd_bus_message *msg, Machine *m, sd_bus_error *reterr) {
        const char *name = machine_info(m)->name;
        _cleanup_close_ int root_fd = -EBADF;
        Pending *p;
        int r;

        root_fd = machine_open_root(m);
        if (root_fd < 0)
                return bus_error(reterr, error_of_look(root_fd), "Cannot look into machine '%s'", name);

        r = pending_new(msg, &p, "Cannot read the OS release of machine '%s'", name);
        if (r < 0)
                return r;

        r = workers_run(bus_of(msg)->workers, "os-release", root_fd, on_os_release, p);
        if (r < 0) {
                (void) pending_free(p);
                return bus_error(reterr, r, "Cannot look into machine '%s'", name);
        }

        return 1;
}

int operation_open_root_directory(sd_bus_message *msg, Machine *m, sd_bus_error *reterr) {
        _cleanup_close_ int root_fd = -EBADF, fd = -EBADF;
        int r;

        r = authorize(msg, m, "open_root_directory", reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        root_fd = machine_open_root(m);
        if (root_fd >= 0)
                fd = beneath_open(root_fd, ".", O_RDONLY | O_DIRECTORY, 0);
        if (root_fd < 0 || fd < 0)
                return bus_error(reterr, root_fd < 0 ? root_fd : fd,
                                 "Cannot open the root directory of machine '%s'", machine_info(m)->name);

        return sd_bus_reply_method_return(msg, "h", fd);
}
