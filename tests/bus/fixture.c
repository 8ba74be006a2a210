/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "daemon/outside/steps.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/lib/remove-tree.h"
#include "tests/lib/sleeper.h"
#include "tests/test.h"

static const Step *const fixture_steps[] = { &step_scope };

static int plan_nothing(_unused_ Creation *c) {
        return 0;
}

static void answer_polkit(Fixture *f) {
        bool granted = f->grants && !(f->except && streq(f->action, f->except));

        CHECK_OK(sd_bus_reply_method_return(f->asked, "(bba{ss})", granted, false, 0));
        f->asked = sd_bus_message_unref(f->asked);
}

/* Callers are peers: named by their process, the test's own, and not as they call themselves. */
static void check_subject(sd_bus_message *msg) {
        const char *kind, *key;
        uint32_t pid;

        CHECK_OK(sd_bus_message_enter_container(msg, 'r', "sa{sv}"));
        CHECK_OK(sd_bus_message_read(msg, "s", &kind));
        CHECK_STREQ(kind, "unix-process");
        CHECK_OK(sd_bus_message_enter_container(msg, 'a', "{sv}"));
        CHECK_OK(sd_bus_message_read(msg, "{sv}", &key, "u", &pid));
        CHECK_STREQ(key, "pid");
        CHECK(pid == (uint32_t) getpid());
        while (sd_bus_message_skip(msg, "{sv}") > 0)
                ;
        CHECK_OK(sd_bus_message_exit_container(msg));
        CHECK_OK(sd_bus_message_exit_container(msg));
}

static int on_check_authorization(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        Fixture *f = userdata;
        const char *action, *key, *value;
        uint32_t flags;

        check_subject(msg);
        CHECK_OK(sd_bus_message_read(msg, "s", &action));
        CHECK_OK(sd_bus_message_enter_container(msg, 'a', "{ss}"));
        while (sd_bus_message_read(msg, "{ss}", &key, &value) > 0)
                if (streq(key, "machine"))
                        (void) snprintf(f->machine, sizeof(f->machine), "%s", value);
        CHECK_OK(sd_bus_message_exit_container(msg));
        CHECK_OK(sd_bus_message_read(msg, "u", &flags));

        f->n_asked++;
        f->interactive = flags & 1;
        (void) snprintf(f->action, sizeof(f->action), "%s", action);
        f->asked = sd_bus_message_ref(msg);
        if (!f->hesitates)
                answer_polkit(f);
        return 1;
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check_authorization,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END
};

static int on_signal(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        Fixture *f = userdata;

        if (sd_bus_message_is_signal(msg, MACHINE1_MANAGER, "MachineNew"))
                f->n_added++;
        else if (sd_bus_message_is_signal(msg, MACHINE1_MANAGER, "MachineRemoved"))
                f->n_removed++;
        return 0;
}

static void start_daemon(Fixture *f) {
        bus_pair_open(&f->pair, f->event);
        CHECK_OK(sd_bus_add_object_vtable(f->pair.client, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                          "org.freedesktop.PolicyKit1.Authority", polkit_vtable, f));
        CHECK_OK(sd_bus_match_signal(f->pair.client, NULL, NULL, MACHINE1_PATH, MACHINE1_MANAGER, NULL,
                                     on_signal, f));

        CHECK_OK(workers_new(f->event, getenv("BERTH_WORKER") ?: BERTH_LIBEXECDIR "/berth-worker",
                             &f->workers));
        CHECK_OK(manager_new(&(ManagerConfig) {
                        .event = f->event,
                        .scope = &f->scope.backend,
                        .plan = plan_nothing,
                        .steps = fixture_steps,
                        .n_steps = ELEMENTSOF(fixture_steps),
                        .machined_directory = f->machined,
                        .own_directory = f->own }, &f->manager));
        CHECK_OK(polkit_new(f->pair.server, &f->polkit));
        CHECK_OK(operations_new(&(OperationsConfig) {
                        .manager = f->manager,
                        .workers = f->workers,
                        .autostart_directory = f->autostart,
                        .authority = polkit_authority(f->polkit),
                        .console_logs = f->consoles,
                        .asks_for_root = !f->trusts_root }, &f->operations));
        bus_init(&f->bus, f->manager, f->operations);
        CHECK_OK(bus_serve(&f->bus, f->pair.server, BUS_NO_PEER));
        CHECK_OK(manager_take_notes(f->manager, f->notes));
        CHECK_OK(manager_load(f->manager));
        CHECK_OK(bus_loaded(&f->bus, f->event));
}

static void stop_daemon(Fixture *f) {
        f->asked = sd_bus_message_unref(f->asked);
        bus_done(&f->bus);
        f->polkit = polkit_free(f->polkit);
        f->workers = workers_free(f->workers);
        f->manager = manager_free(f->manager);
        f->operations = operations_free(f->operations);
        bus_pair_close(&f->pair);
}

void fixture_restart(Fixture *f) {
        stop_daemon(f);
        f->scope.done = NULL;
        start_daemon(f);
        fixture_settle(f);
}

void fixture_init(Fixture *f) {
        sigset_t mask;

        *f = (Fixture) { .grants = true, .replies_scope = true };

        strcpy(f->directory, "/tmp/berth-test-XXXXXX");
        CHECK(mkdtemp(f->directory));
        (void) snprintf(f->notes, sizeof(f->notes), "%s/notes", f->directory);
        (void) snprintf(f->machined, sizeof(f->machined), "%s/machined", f->directory);
        (void) snprintf(f->own, sizeof(f->own), "%s/own", f->directory);
        (void) snprintf(f->consoles, sizeof(f->consoles), "%s/consoles", f->directory);
        (void) snprintf(f->autostart, sizeof(f->autostart), "%s/autostart", f->directory);

        f->leader = start_sleeper();

        /* As the daemon does, and as sd-event wants it to be told of children. */
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);

        CHECK_OK(sd_event_new(&f->event));
        fake_scope_init(&f->scope);
        start_daemon(f);
}

void fixture_done(Fixture *f) {
        stop_daemon(f);
        sd_event_unref(f->event);
        (void) kill(f->leader, SIGKILL);
        (void) waitpid(f->leader, NULL, 0);
        remove_tree(f->directory);
}

void check_error(sd_bus_message *reply, const char *name) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        CHECK(e);
        CHECK_STREQ(e->name, name);
}

void fixture_settle(Fixture *f) {
        while (sd_event_run(f->event, 0) > 0)
                if (f->scope.done && f->replies_scope)
                        fake_scope_answer(&f->scope, 0);
}

static sd_bus_message *make_call(
                Fixture *f,
                const char *path,
                const char *interface,
                const char *method,
                const char *types,
                va_list ap) {

        sd_bus_message *m;

        CHECK_OK(sd_bus_message_new_method_call(f->pair.client, &m, NULL, path, interface, method));
        CHECK_OK(sd_bus_message_set_sender(m, ":1.7"));
        if (types)
                CHECK_OK(sd_bus_message_appendv(m, types, ap));
        return m;
}

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        *(sd_bus_message **) userdata = sd_bus_message_ref(reply);
        return 0;
}

static sd_bus_message *call(Fixture *f, sd_bus_message *m) {
        sd_bus_message *reply = NULL;

        CHECK_OK(sd_bus_call_async(f->pair.client, NULL, m, on_reply, &reply, UINT64_MAX));
        while (!reply) {
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));
                if (f->scope.done && f->replies_scope)
                        fake_scope_answer(&f->scope, 0);
        }

        return reply;
}

sd_bus_message *fixture_call(
                Fixture *f,
                const char *path,
                const char *interface,
                const char *method,
                const char *types,
                ...) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        va_list ap;

        va_start(ap, types);
        m = make_call(f, path, interface, method, types, ap);
        va_end(ap);

        return call(f, m);
}

sd_bus_message *fixture_call_with(
                Fixture *f,
                const char *path,
                const char *interface,
                const char *method,
                void (*append)(Fixture *f, sd_bus_message *m)) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        CHECK_OK(sd_bus_message_new_method_call(f->pair.client, &m, NULL, path, interface, method));
        CHECK_OK(sd_bus_message_set_sender(m, ":1.7"));
        append(f, m);
        return call(f, m);
}

sd_bus_message *fixture_send(
                Fixture *f,
                const char *path,
                const char *interface,
                const char *method,
                const char *types,
                ...) {

        sd_bus_message *m;
        va_list ap;

        va_start(ap, types);
        m = make_call(f, path, interface, method, types, ap);
        va_end(ap);

        CHECK_OK(sd_bus_send(f->pair.client, m, NULL));
        fixture_settle(f);
        return m;
}

void fixture_create(Fixture *f) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;

        reply = fixture_call(f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", "sayssusa(sv)", "web",
                             0, "test",
                             "container", f->leader, "", 0);
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_OK(sd_bus_message_read(reply, "o", &path));
        CHECK_STREQ(path, MACHINE_PATH_PREFIX "/web");
}

bool fixture_has_state(Fixture *f, const char *name) {
        char path[160];
        bool found;

        (void) snprintf(path, sizeof(path), "%s/%s", f->machined, name);
        found = access(path, F_OK) >= 0;
        (void) snprintf(path, sizeof(path), "%s/%s", f->own, name);
        return found || access(path, F_OK) >= 0;
}
