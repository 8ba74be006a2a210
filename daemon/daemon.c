/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "daemon/bus/bus.h"
#include "daemon/bus/polkit.h"
#include "daemon/bus/private-socket.h"
#include "daemon/core/manager.h"
#include "daemon/core/survey.h"
#include "daemon/daemon.h"
#include "daemon/outside/outside.h"
#include "daemon/varlink/varlink-resolve.h"
#include "daemon/varlink/varlink-userdb.h"
#include "daemon/varlink/varlink.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/kernel/note.h"
#include "lib/scope/scope-cgroupfs.h"
#include "lib/scope/scope-systemd.h"
#include "lib/spec/image.h"

/* Of berth-exec.socket. */
#define EXEC_SOCKET "/run/berth/exec"

typedef struct Daemon {
        bool embedded;
        sd_event *event;
        sd_bus *system;                 /* NULL when embedded */
        ScopeBackend *scope;
        Outside *outside;
        Manager *manager;
        Workers *workers;
        Polkit *polkit;
        Operations *operations;
        Survey *survey;
        Bus bus;
        PrivateSocket *socket;
        Varlink *varlink;               /* NULL when embedded */
} Daemon;

static void daemon_done(Daemon *d) {
        (void) varlink_free(d->varlink);
        (void) private_socket_free(d->socket);
        bus_done(&d->bus);
        (void) survey_free(d->survey);
        (void) polkit_free(d->polkit);
        (void) workers_free(d->workers);
        (void) manager_free(d->manager);
        (void) operations_free(d->operations);
        (void) outside_free(d->outside);
        scope_backend_freep(&d->scope);
        sd_bus_flush_close_unref(d->system);
        sd_event_unref(d->event);
}

/* One descriptor per machine, and the default soft limit is 1024. */
static void raise_descriptor_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;

        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static int setup_event(Daemon *d) {
        static const int signals[] = { SIGTERM, SIGINT };
        sigset_t mask;
        int r;

        (void) sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaddset(&mask, signals[i]);
        (void) sigaddset(&mask, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);
        (void) signal(SIGPIPE, SIG_IGN);

        r = sd_event_new(&d->event);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = sd_event_add_signal(d->event, NULL, signals[i], NULL, NULL);

        return r < 0 ? r : sd_event_set_watchdog(d->event, true);
}

/* Where a program of ours is; a build tree has all of them beside each other, and
 * says so in BERTH_PROGRAMS. */
static int find_program(const char *directory, const char *name, char **ret) {
        return text_printf(ret, "%s/%s", getenv("BERTH_PROGRAMS") ?: directory, name);
}

static int setup_scope(Daemon *d) {
        _cleanup_free_ char *runtime = NULL;
        int r;

        if (d->embedded) {
                r = find_program(BERTH_BINDIR, "berth-run", &runtime);
                return r < 0 ? r : scope_cgroupfs_new(d->event, runtime, &d->scope);
        }

        r = sd_bus_open_system(&d->system);
        if (r < 0)
                return log_error(r, "Cannot connect to the system bus");

        r = sd_bus_attach_event(d->system, d->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? r : scope_systemd_new(d->system, &d->scope);
}

static int load_config(Config *ret) {
        ConfigError e;
        int r;

        r = config_load(CONFIG_PATH, ret, &e);
        return r < 0 ? log_error(r, "%s:%u: %s", CONFIG_PATH, e.line, e.reason) : 0;
}

static int setup_manager(Daemon *d) {
        _cleanup_free_ char *worker = NULL, *joiner = NULL;
        Config config;
        int r;

        r = load_config(&config);
        if (r < 0)
                return r;

        r = outside_new(d->event, &config, &d->outside);
        if (r < 0)
                return r;

        r = find_program(BERTH_LIBEXECDIR, "berth-worker", &worker);
        if (r < 0)
                return r;

        r = workers_new(d->event, worker, &d->workers);
        if (r < 0)
                return r;

        /* Our unit is restricted in much that a program in a machine is not; embedded, nothing is. */
        r = find_program(BERTH_LIBEXECDIR, "berth-exec", &joiner);
        if (r >= 0)
                r = workers_set_joiner(d->workers, joiner, d->embedded ? NULL : EXEC_SOCKET);
        if (r < 0)
                return r;

        return manager_new(&(ManagerConfig) {
                        .event = d->event,
                        .scope = d->scope,
                        .plan = outside_plan,
                        .find_image = image_find,
                        .steps = outside_steps,
                        .n_steps = n_outside_steps,
                        .outside = outside_context(d->outside),
                        .machined_directory = "/run/systemd/machines",
                        .own_directory = "/run/berth/machines" }, &d->manager);
}

static int setup_operations(Daemon *d) {
        int r;

        r = polkit_new(d->system, &d->polkit);
        if (r < 0)
                return r;

        r = survey_new(d->event, d->manager, d->workers, &d->survey);
        if (r < 0)
                return r;

        return operations_new(&(OperationsConfig) {
                        .manager = d->manager,
                        .workers = d->workers,
                        .autostart_directory = AUTOSTART_DIRECTORY,
                        .authority = polkit_authority(d->polkit) }, &d->operations);
}

/* The name, or the socket, first: where another daemon has it, its machines are not ours to collect. */
static int setup_bus(Daemon *d) {
        int r;

        bus_init(&d->bus, d->manager, d->operations);
        d->bus.survey = d->survey;
        if (d->embedded)
                return private_socket_new(d->event, &d->bus, PRIVATE_SOCKET, 0666, &d->socket);

        r = bus_serve(&d->bus, d->system, BUS_NO_PEER);
        if (r < 0)
                return r;

        r = sd_bus_request_name(d->system, MACHINE1_NAME, 0);
        if (r < 0)
                return r;

        /* A short way for root, who can do without. */
        r = private_socket_new(d->event, &d->bus, PRIVATE_SOCKET, 0600, &d->socket);
        if (r < 0)
                (void) log_warning(r, "Cannot listen on " PRIVATE_SOCKET);
        return 0;
}

/* The socket that systemd has made for us, or -EBADF. */
static int take_varlink_fd(void) {
        _cleanup_(strv_freep) char **names = NULL;
        int n, fd = -EBADF;

        n = sd_listen_fds_with_names(/* unset_environment= */ true, &names);
        for (int i = 0; i < n; i++)
                if (fd < 0 && streq(names[i], VARLINK_FD_NAME))
                        fd = SD_LISTEN_FDS_START + i;
                else
                        (void) close(SD_LISTEN_FDS_START + i);

        return fd;
}

/* Who finds us there may ask at once: all machines are known by now. Embedded, there
 * is none of the clients that would look for it. */
static int setup_varlink(Daemon *d) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (d->embedded)
                return 0;

        /* Or we, or who works for us, would ask ourselves who a user is, and wait. */
        if (setenv("SYSTEMD_BYPASS_USERDB", USERDB_SERVICE, true) < 0)
                return -errno;

        fd = take_varlink_fd();
        r = varlink_new(&(VarlinkConfig) {
                        .context = { .event = d->event, .manager = d->manager, .operations = d->operations },
                        .machine_fd = fd,
                        .machine_path = VARLINK_MACHINE_SOCKET,
                        .userdb_path = USERDB_DIRECTORY "/" USERDB_SERVICE,
                        .resolve_path = RESOLVE_HOOK_SOCKET }, &d->varlink);
        if (r < 0)
                return r;

        TAKE_FD(fd);
        return 0;
}

static int load(Daemon *d) {
        _cleanup_free_ const MachineInfo **infos = NULL;
        size_t n = 0;
        int r;

        r = manager_take_notes(d->manager, NOTES_SOCKET);
        if (r < 0)
                return r;

        r = manager_load(d->manager);
        if (r < 0)
                return r;

        for (Machine *m = NULL; (m = manager_next(d->manager, m));) {
                const MachineInfo **grown = reallocarray(infos, n + 1, sizeof(*infos));

                if (!grown)
                        return -ENOMEM;
                infos = grown;
                infos[n++] = machine_info(m);
        }

        r = outside_settle(d->outside, infos, n);
        return r < 0 ? r : bus_loaded(&d->bus, d->event);
}

static int serve(Daemon *d) {
        int r;

        raise_descriptor_limit();

        if ((r = setup_event(d)) < 0)
                return log_error(r, "Cannot set up the event loop");
        if ((r = setup_scope(d)) < 0)
                return log_error(r, "Cannot set up scopes");
        if ((r = setup_manager(d)) < 0)
                return log_error(r, "Cannot set up the manager");
        if ((r = setup_operations(d)) < 0)
                return log_error(r, "Cannot set up operations");
        if ((r = setup_bus(d)) < 0)
                return log_error(r, "Cannot offer " MACHINE1_NAME);
        if ((r = load(d)) < 0)
                return log_error(r, "Cannot load what was left by the last daemon");
        if ((r = setup_varlink(d)) < 0)
                return log_error(r, "Cannot listen for Varlink clients");

        (void) sd_notify(false, "READY=1\nSTATUS=Serving.");
        r = sd_event_loop(d->event);
        (void) sd_notify(false, "STOPPING=1");
        return r < 0 ? log_error(r, "Event loop failed") : 0;
}

int daemon_run(bool embedded) {
        _cleanup_(daemon_done) Daemon d = { .embedded = embedded };

        return serve(&d);
}
