/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/varlink/varlink-machine.h"
#include "daemon/varlink/varlink-resolve.h"
#include "daemon/varlink/varlink-service.h"
#include "daemon/varlink/varlink-userdb.h"
#include "daemon/varlink/varlink.h"

struct Varlink {
        VarlinkContext context;
        VarlinkServer *machine, *userdb, *resolve;
        ResolveHook *hook;
};

static int open_machine(Varlink *v, const VarlinkConfig *config) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_service_interface, &varlink_systemd_interface, &varlink_machine_interface, NULL };
        int r;

        r = varlink_server_new(config->context.event, interfaces, &v->context, &v->machine);
        if (r < 0)
                return r;

        return config->machine_fd >= 0 ? varlink_server_listen(v->machine, config->machine_fd)
                                       : varlink_server_bind(v->machine, config->machine_path);
}

static int open_userdb(Varlink *v, const VarlinkConfig *config) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_service_interface, &varlink_systemd_interface, &varlink_userdb_interface, NULL };
        int r;

        if (!config->userdb_path)
                return 0;

        r = varlink_server_new(config->context.event, interfaces, &v->context, &v->userdb);
        if (r < 0)
                return r;

        r = varlink_server_bind(v->userdb, config->userdb_path);
        if (r < 0)
                return r;

        userdb_mark(config->userdb_path);
        return 0;
}

static int open_resolve(Varlink *v, const VarlinkConfig *config) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_service_interface, &varlink_systemd_interface, &varlink_resolve_interface, NULL };
        int r;

        if (!config->resolve_path)
                return 0;

        r = resolve_hook_new(&v->context, &v->hook);
        if (r < 0)
                return r;

        r = varlink_server_new(config->context.event, interfaces, v->hook, &v->resolve);
        return r < 0 ? r : varlink_server_bind(v->resolve, config->resolve_path);
}

int varlink_new(const VarlinkConfig *config, Varlink **ret) {
        _cleanup_(varlink_freep) Varlink *v = NULL;
        int r;

        assert(config);
        assert(ret);

        v = malloc(sizeof(*v));
        if (!v)
                return -ENOMEM;

        *v = (Varlink) { .context = config->context };

        r = open_userdb(v, config);
        if (r >= 0)
                r = open_resolve(v, config);
        if (r >= 0)
                r = open_machine(v, config);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(v);
        return 0;
}

Varlink *varlink_free(Varlink *v) {
        if (!v)
                return NULL;

        (void) varlink_server_free(v->machine);
        (void) varlink_server_free(v->userdb);
        (void) varlink_server_free(v->resolve);
        (void) resolve_hook_free(v->hook);
        free(v);
        return NULL;
}
