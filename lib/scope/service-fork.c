/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <uthash.h>

#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/note.h"
#include "lib/kernel/process.h"
#include "lib/kernel/spawn.h"
#include "lib/scope/limit.h"
#include "lib/scope/service-fork.h"

/* What berth-run exits with when its guest has rebooted; see berth@.service. */
#define EXIT_REBOOT 133

/* DefaultTimeoutStartSec= of systemd, doubled as nspawn's template does. */
#define START_USEC (180 * USEC_PER_SEC)

#define NOTIFY_DIRECTORY "/run/berth"
#define NOTIFY_SOCKET NOTIFY_DIRECTORY "/notify"

typedef struct Service {
        Services *services;
        char *unit;
        char *machine_option;   /* of berth-run */
        char *cgroup;
        pid_t pid;
        int pidfd;
        sd_event_source *exited;
        sd_event_source *timeout;
        bool restart;
        bool is_tidied;         /* it has ended, and what it may have left is being removed */
        int told_status;        /* what it said that it will exit with, or -1 */
        ScopeDone done;         /* NULL once it was told */
        void *userdata;
        UT_hash_handle hh;      /* by unit */
} Service;

struct Services {
        sd_event *event;
        char *runtime;
        char *slice;
        int notify_fd;
        sd_event_source *notify;
        ServiceEnded ended;
        void *userdata;
        Service *table;
};

static Service *service_free(Service *v) {
        if (!v)
                return NULL;

        if (v->hh.tbl)
                HASH_DEL(v->services->table, v);

        sd_event_source_disable_unref(v->exited);
        sd_event_source_disable_unref(v->timeout);
        closep(&v->pidfd);
        free(v->cgroup);
        free(v->machine_option);
        free(v->unit);
        free(v);
        return NULL;
}
DEFINE_CLEANUP(Service, service_free);

static void tell(Service *v, int result) {
        ScopeDone done = v->done;

        v->done = NULL;
        v->timeout = sd_event_source_disable_unref(v->timeout);
        if (done)
                done(v->userdata, result);
}

static int service_spawn(Service *v, bool reboots);
static int spawn_tidying(Service *v);

static void service_ended(Service *v, int status) {
        Services *s = v->services;
        int r;

        if (v->restart && status == EXIT_REBOOT && service_spawn(v, true) >= 0)
                return;

        r = spawn_tidying(v);
        tell(v, status == SPAWN_EXIT_EXEC ? -ENOEXEC : -E_MACHINE_FAILED);
        s->ended(s->userdata, v->cgroup);
        if (r < 0)
                (void) service_free(v);
}

/* Somebody may have started it again meanwhile, and perhaps stopped it, too. */
static int on_tidied(_unused_ sd_event_source *source, _unused_ const siginfo_t *si, void *userdata) {
        Service *v = userdata;
        int r;

        (void) waitid(P_PIDFD, (id_t) v->pidfd, NULL, WEXITED | WNOHANG);
        v->is_tidied = false;

        r = v->done && v->restart ? service_spawn(v, false) : -E_MACHINE_FAILED;
        if (r < 0) {
                (void) cgroup_kill_all(v->cgroup);
                tell(v, r);
                (void) service_free(v);
        }

        return 0;
}

static int on_exited(_unused_ sd_event_source *source, const siginfo_t *si, void *userdata) {
        Service *v = userdata;

        /* Newer ones of sd-event reap it after this, by the descriptor, which is closed by then. */
        (void) waitid(P_PIDFD, (id_t) v->pidfd, NULL, WEXITED | WNOHANG);
        service_ended(userdata, si->si_code == CLD_EXITED ? si->si_status : -1);
        return 0;
}

/* A child of a former daemon: its exit status is its parent's to know, so it tells. */
static int on_adopted_exited(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        Service *v = userdata;

        service_ended(v, v->told_status);
        return 0;
}

static int on_timeout(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Service *v = userdata;

        v->restart = false;
        tell(v, -ETIMEDOUT);
        (void) cgroup_kill_all(v->cgroup);
        return 0;
}

static int make_environment(char ***ret) {
        _cleanup_(strv_freep) char **environment = NULL;
        extern char **environ;
        int r;

        for (char **e = environ; *e; e++) {
                if (startswith(*e, "NOTIFY_SOCKET=") || startswith(*e, "WATCHDOG_") ||
                    startswith(*e, "LISTEN_"))
                        continue;

                r = strv_push(&environment, *e);
                if (r < 0)
                        return r;
        }

        r = strv_push(&environment, "NOTIFY_SOCKET=" NOTIFY_SOCKET);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(environment);
        return 0;
}

static int execute(const Service *v, char *const *argv, int cgroup_fd, pid_t *ret_pid) {
        _cleanup_(strv_freep) char **environment = NULL;
        int r;

        r = make_environment(&environment);
        if (r < 0)
                return r;

        return spawn(&(SpawnRequest) {
                        .path = v->services->runtime,
                        .argv = argv,
                        .environment = environment,
                        .stdin_fd = -EBADF,
                        .stdout_fd = -EBADF,
                        .cgroup_fd = cgroup_fd,
                        .extra_fd = -EBADF }, ret_pid);
}

/* The command line of units/berth@.service. */
static int spawn_runtime(Service *v, int cgroup_fd) {
        char *argv[] = {
                v->services->runtime, (char *) "--quiet", (char *) "--settings=override",
                (char *) "--keep-unit", (char *) "--boot", (char *) "--console=passive",
                (char *) "--register=yes", (char *) "--link-journal=try-guest", (char *) "--network-veth",
                (char *) "--notify-ready=auto", v->machine_option, NULL,
        };

        return execute(v, argv, cgroup_fd, &v->pid);
}

/* One that was killed has removed nothing. That of its ExecStopPost=. */
static int spawn_tidying(Service *v) {
        char *argv[] = {
                v->services->runtime, (char *) "--quiet", (char *) "--settings=no", (char *) "--cleanup",
                v->machine_option, NULL,
        };
        pid_t pid;
        int r;

        v->exited = sd_event_source_disable_unref(v->exited);
        closep(&v->pidfd);
        v->pid = 0; /* nobody who tells us anything */

        v->pidfd = execute(v, argv, /* cgroup_fd= */ -EBADF, &pid);
        if (v->pidfd < 0)
                return v->pidfd;

        r = sd_event_add_child_pidfd(v->services->event, &v->exited, v->pidfd, WEXITED, on_tidied, v);
        v->is_tidied = r >= 0;
        return r;
}

static int make_cgroup(const Service *v, bool reboots) {
        _cleanup_(strv_freep) char **limits = NULL;
        int r;

        /* Those that were set while the guest ran are its service's, as a unit of systemd's keeps them. */
        r = reboots ? limits_save(v->cgroup, &limits) : 0;
        if (r < 0)
                return r;

        /* Of a former run: a group with children that are delegated cannot take processes itself. */
        r = cgroup_remove(v->cgroup);
        if (r < 0)
                return r;

        r = cgroup_make(v->cgroup);
        if (r < 0)
                return r;

        return reboots ? limits_restore(v->cgroup, limits) : 0;
}

static int service_spawn(Service *v, bool reboots) {
        _cleanup_close_ int cgroup_fd = -EBADF;
        int r;

        r = make_cgroup(v, reboots);
        if (r < 0)
                return r;

        cgroup_fd = cgroup_open(v->cgroup);
        if (cgroup_fd < 0)
                return cgroup_fd;

        v->exited = sd_event_source_disable_unref(v->exited);
        closep(&v->pidfd);

        v->pidfd = spawn_runtime(v, cgroup_fd);
        if (v->pidfd < 0)
                return v->pidfd;

        return sd_event_add_child_pidfd(v->services->event, &v->exited, v->pidfd, WEXITED, on_exited, v);
}

static int service_new(Services *s, const char *machine, Service **ret) {
        _cleanup_(service_freep) Service *v = NULL;
        int r;

        v = malloc(sizeof(*v));
        if (!v)
                return -ENOMEM;

        *v = (Service) { .services = s, .pidfd = -EBADF, .restart = true, .told_status = -1 };

        r = text_printf(&v->machine_option, "--machine=%s", machine);
        if (r < 0)
                return r;

        r = machine_service_name(machine, &v->unit);
        if (r < 0)
                return r;

        r = text_printf(&v->cgroup, "%s/%s", s->slice, v->unit);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(v);
        return 0;
}

static Service *services_find(Services *s, const char *unit) {
        Service *v;

        HASH_FIND_STR(s->table, unit, v);
        return v;
}

bool services_has(Services *s, const char *unit) {
        assert(s);
        assert(unit);

        return services_find(s, unit);
}

/* Of one that has ended, and was not to be started anew, the end may not have come round yet. */
static void collect(Services *s, const char *unit) {
        Service *v = services_find(s, unit);

        if (!v || v->is_tidied || v->restart || process_is_alive(v->pidfd))
                return;

        (void) waitid(P_PIDFD, (id_t) v->pidfd, NULL, WEXITED | WNOHANG);
        service_ended(v, -1);
}

static int await_ready(Service *v, ScopeDone done, void *userdata) {
        int r;

        r = sd_event_add_time_relative(v->services->event, &v->timeout, CLOCK_MONOTONIC, START_USEC, 0,
                                       on_timeout, v);
        if (r < 0)
                return r;

        v->done = done;
        v->userdata = userdata;
        return 0;
}

int services_start(Services *s, const char *machine, ScopeDone done, void *userdata) {
        _cleanup_(service_freep) Service *v = NULL;
        Service *former;
        int r;

        assert(s);
        assert(machine);
        assert(done);

        r = service_new(s, machine, &v);
        if (r < 0)
                return r;

        collect(s, v->unit);

        /* It begins when what it has left the last time was removed. */
        former = services_find(s, v->unit);
        if (former && former->is_tidied && !former->done) {
                former->restart = true;
                former->told_status = -1;
                return await_ready(former, done, userdata);
        }

        /* One that a former daemon has started is not in the table, but its processes are there. */
        if (former || cgroup_is_populated(v->cgroup) > 0)
                return -EEXIST;

        r = service_spawn(v, false);
        if (r >= 0)
                r = await_ready(v, done, userdata);
        if (r < 0) {
                (void) cgroup_kill_all(v->cgroup);
                return r;
        }

        HASH_ADD_KEYPTR(hh, s->table, v->unit, strlen(v->unit), v);
        TAKE_PTR(v);
        return 0;
}

void services_forget_restart(Services *s, const char *unit) {
        Service *v = services_find(s, unit);

        if (v)
                v->restart = false;
}

static Service *find_by_pid(Services *s, pid_t pid) {
        Service *v, *next;

        HASH_ITER(hh, s->table, v, next)
                if (v->pid == pid)
                        return v;

        return NULL;
}

static int on_notify(_unused_ sd_event_source *source, int fd, _unused_ uint32_t revents, void *userdata) {
        char text[NOTE_SIZE_MAX];
        char *state = NULL;
        const char *status;
        pid_t sender = 0;
        unsigned number;
        Service *v;

        if (note_receive(fd, text, &sender) < 0)
                return 0;

        v = find_by_pid(userdata, sender);
        for (char *line = strtok_r(text, "\n", &state); v && line; line = strtok_r(NULL, "\n", &state)) {
                status = startswith(line, "EXIT_STATUS=");
                if (status && parse_unsigned(status, UINT8_MAX, &number) >= 0)
                        v->told_status = (int) number;
                else if (streq(line, "READY=1"))
                        tell(v, 0);
        }

        return 0;
}

static int open_notify_socket(void) {
        int r;

        r = directory_make(NOTIFY_DIRECTORY, 0755);
        return r < 0 ? r : note_listen(NOTIFY_SOCKET);
}

/* berth-run is alone in there, see its step "cgroup". */
static int find_supervisor(const Service *v, pid_t *ret) {
        _cleanup_free_ char *cgroup = NULL, *text = NULL;
        int r;

        r = text_printf(&cgroup, "%s/supervisor", v->cgroup);
        if (r < 0)
                return r;

        r = cgroup_read(cgroup, "cgroup.procs", &text);
        if (r < 0)
                return r;

        text[strcspn(text, "\n")] = 0;
        return parse_pid(text, ret);
}

static int adopt(Services *s, const char *machine) {
        _cleanup_(service_freep) Service *v = NULL;
        int r;

        r = service_new(s, machine, &v);
        if (r < 0)
                return r;

        r = find_supervisor(v, &v->pid);
        if (r < 0)
                return r;

        v->pidfd = process_open(v->pid);
        if (v->pidfd < 0)
                return v->pidfd;

        r = sd_event_add_io(s->event, &v->exited, v->pidfd, EPOLLIN, on_adopted_exited, v);
        if (r < 0)
                return r;

        HASH_ADD_KEYPTR(hh, s->table, v->unit, strlen(v->unit), v);
        TAKE_PTR(v);
        return 0;
}

/* The machine that a unit runs, if it is one of ours. */
static int machine_of_unit(const char *unit, char **ret) {
        const char *name = startswith(unit, "berth@");
        _cleanup_free_ char *machine = NULL;

        if (!name || !endswith(name, ".service"))
                return -EINVAL;

        machine = strndup(name, strlen(name) - strlen(".service"));
        if (!machine)
                return -ENOMEM;
        if (!machine_name_is_valid(machine))
                return -EINVAL;

        *ret = TAKE_PTR(machine);
        return 0;
}

/* A former daemon's services run on; they restart and end under this one. */
static int adopt_all(Services *s) {
        DIR *directory;
        int fd;

        fd = cgroup_open(s->slice);
        if (fd < 0)
                return fd;

        directory = fdopendir(fd);
        if (!directory) {
                int r = -errno;

                (void) close(fd);
                return r;
        }

        for (struct dirent *e; (e = readdir(directory));) {
                _cleanup_free_ char *machine = NULL;

                /* What has no supervisor any more is about to end, and needs none. */
                if (e->d_type == DT_DIR && machine_of_unit(e->d_name, &machine) >= 0)
                        (void) adopt(s, machine);
        }

        (void) closedir(directory);
        return 0;
}

int services_new(
                sd_event *event,
                const char *runtime,
                const char *slice,
                ServiceEnded ended,
                void *userdata,
                Services **ret) {

        _cleanup_(services_freep) Services *s = NULL;
        int r;

        assert(event);
        assert(runtime);
        assert(slice);
        assert(ended);
        assert(ret);

        s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;

        *s = (Services) {
                .event = sd_event_ref(event),
                .runtime = strdup(runtime),
                .slice = strdup(slice),
                .notify_fd = -EBADF,
                .ended = ended,
                .userdata = userdata,
        };
        if (!s->runtime || !s->slice)
                return -ENOMEM;

        s->notify_fd = open_notify_socket();
        if (s->notify_fd < 0)
                return s->notify_fd;

        r = sd_event_add_io(event, &s->notify, s->notify_fd, EPOLLIN, on_notify, s);
        if (r < 0)
                return r;

        r = adopt_all(s);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

Services *services_free(Services *s) {
        Service *v, *next;

        if (!s)
                return NULL;

        HASH_ITER(hh, s->table, v, next)
                (void) service_free(v);
        sd_event_source_disable_unref(s->notify);
        closep(&s->notify_fd);
        free(s->slice);
        free(s->runtime);
        sd_event_unref(s->event);
        free(s);
        return NULL;
}
