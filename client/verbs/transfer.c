/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "client/agent.h"
#include "client/results.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static int append(const char *directory, const char *name, char **ret) {
        return text_printf(ret, "%s/%s", streq(directory, "/") ? "" : directory, name);
}

/* Dots mean what they mean here, where there may be links before them. The last component may be a link
 * itself, or not be there yet. */
static int resolve_dots(const char *path, char **ret) {
        _cleanup_free_ char *parent = NULL, *directory = NULL;
        const char *base = strrchr(path, '/') + 1;

        if (isempty(base) || streq(base, ".") || streq(base, "..")) {
                *ret = realpath(path, NULL);
                return *ret ? 0 : -errno;
        }

        parent = strndup(path, (size_t) (base - path));
        if (!parent)
                return -ENOMEM;

        directory = realpath(parent, NULL);
        return directory ? append(directory, base, ret) : -errno;
}

/* As the daemon wants it, whose working directory is not ours. */
static int make_absolute(const char *path, char **ret) {
        _cleanup_free_ char *directory = NULL, *absolute = NULL;
        int r;

        directory = path[0] == '/' ? strdup("/") : get_current_dir_name();
        if (!directory)
                return -errno;

        r = append(directory, path[0] == '/' ? path + 1 : path, &absolute);
        if (r < 0)
                return r;

        if (!path_is_normalized(absolute))
                return resolve_dots(absolute, ret);

        *ret = TAKE_PTR(absolute);
        return 0;
}

static int make_path(const char *path, char **ret) {
        int r;

        r = make_absolute(path, ret);
        return r < 0 ? log_error(r, _("Cannot find '%s'"), path) : 0;
}

/* A copy that is under way. */
typedef struct Copy {
        Client *client;
        const char *machine;
        sd_event *event;
        sd_bus_slot *call, *progress, *cancel;
        bool has_line;          /* of progress, on the terminal */
} Copy;

static void copy_done(Copy *c) {
        sd_bus_slot_unref(c->call);
        sd_bus_slot_unref(c->progress);
        sd_bus_slot_unref(c->cancel);
        if (c->event)
                (void) sd_bus_detach_event(c->client->bus);
        sd_event_unref(c->event);
}

static void clear_line(Copy *c) {
        if (c->has_line)
                (void) fputs("\r\x1b[K", stderr);
        c->has_line = false;
}

static int on_copied(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Copy *c = userdata;

        clear_line(c);
        if (e) {
                (void) complain(-sd_bus_error_get_errno(e), e, "%s", _("Could not copy"));
                results_add_error(c->client, c->machine, 0, e);
        } else
                results_add_ok(c->client, c->machine, NULL, NULL);

        return sd_event_exit(c->event, e ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int on_progress(sd_bus_message *signal, void *userdata, _unused_ sd_bus_error *reterr) {
        Copy *c = userdata;
        uint64_t bytes;
        int r;

        r = sd_bus_message_read(signal, "tt", NULL, &bytes);
        if (r < 0)
                return 0; /* nothing depends on it */

        clear_line(c);
        (void) fprintf(stderr, _("%llu MiB copied"), (unsigned long long) bytes >> 20);
        c->has_line = true;
        return 0;
}

/* If it worked, the copy's own answer says so. Otherwise nobody is waited for any longer. */
static int on_cancelled(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Copy *c = userdata;

        if (!e)
                return 0;

        clear_line(c);
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_METHOD))
                (void) log_error(0, _("The daemon cannot give up copies: this one goes on."));

        return sd_event_exit(c->event, EXIT_FAILURE);
}

static int on_signal(
                _unused_ sd_event_source *source,
                _unused_ const struct signalfd_siginfo *si,
                void *userdata) {

        Copy *c = userdata;

        /* Who asks twice means us. */
        if (c->cancel)
                return sd_event_exit(c->event, EXIT_FAILURE);

        return sd_bus_call_method_async(c->client->bus, &c->cancel, MACHINE1_NAME, MACHINE1_PATH,
                                        BERTH_MANAGER, "CancelCopy", on_cancelled, c, "t", UINT64_C(0));
}

static int watch(Copy *c) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        sigset_t set;
        int r;

        r = sd_event_default(&c->event);
        if (r < 0)
                return r;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaddset(&set, signals[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                r = sd_event_add_signal(c->event, NULL, signals[i], on_signal, c);
                if (r < 0)
                        return r;
        }

        if (isatty(STDERR_FILENO) && !c->client->options.quiet) {
                r = sd_bus_match_signal_async(c->client->bus, &c->progress, NULL, MACHINE1_PATH,
                                              BERTH_MANAGER, "CopyProgress", on_progress, NULL, c);
                if (r < 0)
                        return r;
        }

        return sd_bus_attach_event(c->client->bus, c->event, SD_EVENT_PRIORITY_NORMAL);
}

#define COPY_REPLACES UINT64_C(1)

/* Where no flags are needed, as every machine1 knows it. */
static int new_call(
                Client *client,
                const char *method,
                const char *name,
                const char *source,
                const char *destination,
                sd_bus_message **ret) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *with_flags = NULL;
        int r;

        r = text_printf(&with_flags, "%sWithFlags", method);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER,
                                           client->options.force ? with_flags : method);
        if (r >= 0)
                r = sd_bus_message_append(m, "sss", name, source, destination);
        if (r >= 0 && client->options.force)
                r = sd_bus_message_append(m, "t", COPY_REPLACES);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

static int copy(
                Client *client,
                const char *method,
                const char *name,
                const char *source,
                const char *destination) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(copy_done) Copy c = { .client = client, .machine = name };
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client);
        results_expect(client, (char *const[]) { (char *) name, NULL });
        r = new_call(client, method, name, source, destination, &m);
        if (r >= 0)
                r = watch(&c);
        if (r >= 0)
                r = sd_bus_call_async(client->bus, &c.call, m, on_copied, &c, UINT64_MAX);
        if (r < 0)
                return log_error(r, _("Cannot call the daemon"));

        r = sd_event_loop(c.event);
        return r < 0 ? log_error(r, _("Lost the connection to the daemon")) : r;
}

static int verb_copy_to(Client *client, char *const *args) {
        _cleanup_free_ char *source = NULL;
        int r;

        r = make_path(args[1], &source);
        if (r < 0)
                return r;

        return copy(client, "CopyToMachine", args[0], source, args[2] ?: "");
}

static int verb_copy_from(Client *client, char *const *args) {
        _cleanup_free_ char *destination = NULL;
        int r;

        r = make_path(args[2] ?: args[1], &destination);
        if (r < 0)
                return r;

        return copy(client, "CopyFromMachine", args[0], args[1], destination);
}

static int verb_bind(Client *client, char *const *args) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const Options *o = &client->options;
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client);
        r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER,
                                           "BindMountMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "sssbb", args[0], args[1], args[2] ?: "", o->read_only,
                                          o->mkdir);
        if (r < 0)
                return log_error(r, _("Cannot call the daemon"));

        r = sd_bus_call(client->bus, m, UINT64_MAX, &e, NULL);
        if (r < 0) {
                results_add_error(client, args[0], r, &e);
                return complain(r, &e, "%s", _("Could not mount"));
        }

        results_add_ok(client, args[0], NULL, NULL);
        return EXIT_SUCCESS;
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
