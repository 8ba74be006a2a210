/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/agent.h"
#include "client/calls.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* As the daemon knows it, whose working directory is not ours. */
static int make_absolute(const char *path, char **ret) {
        _cleanup_free_ char *directory = NULL;

        if (path[0] == '/')
                return text_printf(ret, "%s", path);

        directory = get_current_dir_name();
        if (!directory)
                return -errno;

        return text_printf(ret, "%s/%s", streq(directory, "/") ? "" : directory, path);
}

/* A call, and what became of it. */
typedef struct Transfer {
        const char *complaint;
        bool failed;
} Transfer;

static int on_done(
                _unused_ Calls *calls,
                _unused_ sd_bus_message *reply,
                const sd_bus_error *e,
                void *userdata) {

        Transfer *t = userdata;

        t->failed = e;
        if (e)
                (void) complain(-sd_bus_error_get_errno(e), e, "%s", t->complaint);
        return 0;
}

static int prepare(Client *client, Calls **ret) {
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client);
        return calls_new(client->bus, ret);
}

/* @added is what adding the call came to. */
static int finish(Calls *calls, const Transfer *t, int added) {
        int r;

        if (added < 0)
                return log_error(added, _("Cannot call the daemon"));

        r = calls_run(calls);
        if (r < 0)
                return log_error(r, _("Lost the connection to the daemon"));

        return t->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define COPY_REPLACES UINT64_C(1)

static int copy(
                Client *client,
                const char *method,
                const char *name,
                const char *source,
                const char *destination) {

        Transfer t = { .complaint = _("Could not copy") };
        _cleanup_(calls_freep) Calls *calls = NULL;
        _cleanup_free_ char *with_flags = NULL;
        int r;

        r = prepare(client, &calls);
        if (r < 0)
                return r;

        r = text_printf(&with_flags, "%sWithFlags", method);
        if (r < 0)
                return r;

        /* Where no flags are needed, as every machine1 knows it. */
        if (client->options.force)
                r = calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, with_flags, on_done, &t, "ssst",
                              name, source, destination, COPY_REPLACES);
        else
                r = calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, method, on_done, &t, "sss",
                              name, source, destination);

        return finish(calls, &t, r);
}

static int verb_copy_to(Client *client, char *const *args) {
        _cleanup_free_ char *source = NULL;
        int r;

        r = make_absolute(args[1], &source);
        if (r < 0)
                return r;

        return copy(client, "CopyToMachine", args[0], source, args[2] ?: "");
}

static int verb_copy_from(Client *client, char *const *args) {
        _cleanup_free_ char *destination = NULL;
        int r;

        r = make_absolute(args[2] ?: args[1], &destination);
        if (r < 0)
                return r;

        return copy(client, "CopyFromMachine", args[0], args[1], destination);
}

static int verb_bind(Client *client, char *const *args) {
        Transfer t = { .complaint = _("Could not mount") };
        _cleanup_(calls_freep) Calls *calls = NULL;
        const Options *o = &client->options;
        int r;

        r = prepare(client, &calls);
        if (r < 0)
                return r;

        r = calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, "BindMountMachine", on_done, &t, "sssbb",
                      args[0], args[1], args[2] ?: "", o->read_only, o->mkdir);
        return finish(calls, &t, r);
}

static const Verb verbs[] = {
        { "copy-to", NULL, "NAME PATH [PATH]", 2, 3, verb_copy_to,
          N_("Copy files from the host to a machine") },
        { "copy-from", NULL, "NAME PATH [PATH]", 2, 3, verb_copy_from,
          N_("Copy files from a machine to the host") },
        { "bind", NULL, "NAME PATH [PATH]", 2, 3, verb_bind,
          N_("Show a path of the host in a machine") },
        {}
};

VERB_FAMILY(transfer, N_("Files"), verbs);
