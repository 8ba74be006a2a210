/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens in the life of machines, as starts of services, the kernel and supervisors tell of it. */

#include <signal.h>
#include <sys/wait.h>

#include "daemon/core/manager-private.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/note.h"

/* Enough of everything that we tell. */
#define DETAILS_MAX 4

/* A supervisor hears of its machine's end when we do, and tells at once; unless it stands still. */
#define STATUS_USEC USEC_PER_SEC

/* What waitpid() says has no more bits. */
#define STATUS_MAX 0xffff

static const char *const event_table[_MACHINE_EVENT_MAX] = {
        [MACHINE_EVENT_STARTING] = "starting",
        [MACHINE_EVENT_READY] = "ready",
        [MACHINE_EVENT_STOPPING] = "stopping",
        [MACHINE_EVENT_EXITED] = "exited",
        [MACHINE_EVENT_OUT_OF_MEMORY] = "out-of-memory",
        [MACHINE_EVENT_LIMIT_CHANGED] = "limit-changed",
        [MACHINE_EVENT_FROZEN] = "frozen",
        [MACHINE_EVENT_THAWED] = "thawed",
};

const char *machine_event_to_string(MachineEventKind kind) {
        return event_table[kind];
}

void manager_tell(Manager *m, const char *name, MachineEventKind kind, const Properties *details) {
        MachineEvent e = { .kind = kind, .name = name, .details = details };

        assert(m);
        assert(name);

        for (const ManagerListener *l = m->listeners; l; l = l->next)
                if (l->machine_event)
                        l->machine_event(l->userdata, &e);
}

static void tell_cause(Manager *m, const char *name, MachineEventKind kind, const char *cause) {
        Property list[] = { event_text("cause", cause) };

        manager_tell(m, name, kind, &(Properties) { .list = list, .n = ELEMENTSOF(list) });
}

void manager_set_closing(Manager *m, Machine *machine, const char *cause) {
        assert(m);
        assert(machine);

        if (machine_state(machine) == MACHINE_CLOSING)
                return;

        machine_set_state(machine, MACHINE_CLOSING);
        tell_cause(m, machine_info(machine)->name, MACHINE_EVENT_STOPPING, cause);
}

/* Starts: services that are on their way */

/* Whoever waits for it may be gone, and so may the machine: it is looked up by its name. */
struct Start {
        Manager *manager;
        Start *next, *previous;
        char *name;
        pid_t leader;           /* of the machine, once that is registered; or 0 */
        ScopeDone done;         /* of who has asked for it; NULL: somebody else than us did */
        void *userdata;
};

static Start *start_free(Start *s) {
        if (!s)
                return NULL;

        if (s->previous)
                s->previous->next = s->next;
        else if (s->manager->starts == s)
                s->manager->starts = s->next;
        if (s->next)
                s->next->previous = s->previous;

        free(s->name);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(Start, start_free);

static int start_new(Manager *m, const char *name, Start **ret) {
        Start *s;

        s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;

        *s = (Start) { .manager = m, .next = m->starts, .name = strdup(name) };
        if (!s->name) {
                free(s);
                return -ENOMEM;
        }

        if (s->next)
                s->next->previous = s;
        m->starts = s;

        *ret = s;
        return 0;
}

static Start *find_start(Manager *m, const char *name) {
        for (Start *s = m->starts; s; s = s->next)
                if (streq(s->name, name))
                        return s;

        return NULL;
}

void starts_drop(Manager *m) {
        while (m->starts)
                (void) start_free(m->starts);
}

/* By now, who runs it has divided its unit, if ever: nspawn does so after it has registered it. */
static void tell_ready(Manager *m, Machine *machine) {
        if (!machine_info(machine)->owns_scope)
                watches_renew(m->watches, machine);


        manager_tell(m, machine_info(machine)->name, MACHINE_EVENT_READY, NULL);
}

static void tell_end_of_start(const Start *s, int result) {
        Machine *machine = manager_find(s->manager, s->name);

        /* Of a machine that was there the end is told by its leader's. */
        if (result >= 0 && machine && (s->leader == 0 || machine_info(machine)->leader == s->leader))
                tell_ready(s->manager, machine);
        else if (s->leader == 0 && !machine)
                tell_cause(s->manager, s->name, MACHINE_EVENT_EXITED, "start-failed");
}

static void on_start_ended(void *userdata, int result) {
        _cleanup_(start_freep) Start *s = userdata;

        tell_end_of_start(s, result);
        if (s->done)
                s->done(s->userdata, result);
}

int manager_start_service(Manager *m, const char *name, ScopeDone done, void *userdata) {
        _cleanup_(start_freep) Start *s = NULL;
        int r;

        r = start_new(m, name, &s);
        if (r < 0)
                return r;

        s->done = done;
        s->userdata = userdata;
        r = m->scope->ops->start_service(m->scope, name, on_start_ended, s);
        if (r < 0)
                return r;

        TAKE_PTR(s); /* waits on m->starts from here on */
        tell_cause(m, name, MACHINE_EVENT_STARTING, "request");
        return 0;
}

/* Of a service that somebody else than us has started: is it up? */
static int await_service(Manager *m, const MachineInfo *info) {
        _cleanup_(start_freep) Start *s = NULL;
        int r;

        if (!m->scope->ops->await_start || info->owns_scope || !machine_info_holds_unit(info) ||
            !endswith(info->unit, ".service"))
                return -EOPNOTSUPP;

        r = start_new(m, info->name, &s);
        if (r < 0)
                return r;

        s->leader = info->leader;
        r = m->scope->ops->await_start(m->scope, info->unit, on_start_ended, s);
        if (r < 0)
                return r;

        TAKE_PTR(s);
        return 0;
}

void manager_tell_registered(Manager *m, Machine *machine) {
        const MachineInfo *info = machine_info(machine);
        Start *s = find_start(m, info->name);

        if (s && s->done) {
                s->leader = info->leader;
                return;
        }

        if (await_service(m, info) >= 0)
                tell_cause(m, info->name, MACHINE_EVENT_STARTING, "registration");
        else
                manager_tell(m, info->name, MACHINE_EVENT_READY, NULL);
}

/* What supervisors tell */

/* By its number, unless that is another's by now. Its end is the last thing that a supervisor tells of:
 * it may have gone before we read that. */
static bool is_supervisor(const MachineInfo *info, pid_t sender) {
        _cleanup_close_ int same_fd = -EBADF, fd = -EBADF;

        if (info->supervisor != sender)
                return false;

        same_fd = process_open_identified(sender, &info->supervisor_identity);
        if (same_fd >= 0)
                return true;

        fd = process_open(sender);
        return fd == -ESRCH || (fd >= 0 && !process_is_alive(fd));
}

static Machine *find_supervised(Manager *m, pid_t sender) {
        for (Machine *machine = NULL; (machine = manager_next(m, machine));)
                if (is_supervisor(machine_info(machine), sender))
                        return machine;

        return NULL;
}

static void take_stopping(Manager *m, Machine *machine, const char *cause) {
        static const char *const causes[] = { "guest", "service" };

        /* That we have asked for it ourselves was told. */
        if (machine_state(machine) == MACHINE_CLOSING)
                return;

        for (size_t i = 0; i < ELEMENTSOF(causes); i++)
                if (streq(cause, causes[i]))
                        tell_cause(m, machine_info(machine)->name, MACHINE_EVENT_STOPPING, cause);
}

static void take_exited(Manager *m, Machine *machine, const char *text) {
        Entry *e = registry_find(&m->machines, machine_info(machine)->name);
        unsigned status;

        if (process_is_alive(machine_leader_fd(machine)) || parse_unsigned(text, STATUS_MAX, &status) < 0 ||
            (!WIFEXITED(status) && !WIFSIGNALED(status)))
                return;

        e->has_status = true;
        e->status = (int) status;
        if (e->patience) /* it has waited for this only; not here, where it may be used yet */
                (void) sd_event_source_set_time_relative(e->patience, 0);
}

static void take_note(Manager *m, pid_t sender, const char *text) {
        Machine *machine = find_supervised(m, sender);
        const char *value;

        if (!machine)
                return;

        if ((value = startswith(text, NOTE_STOPPING)))
                take_stopping(m, machine, value);
        else if ((value = startswith(text, NOTE_EXITED)))
                take_exited(m, machine, value);
}

static void take_notes(Manager *m) {
        char text[NOTE_SIZE_MAX];
        pid_t sender;
        int r;

        if (m->notes_fd < 0)
                return;

        while ((r = note_receive(m->notes_fd, text, &sender)) >= 0 || r == -EMSGSIZE)
                if (r >= 0 && sender > 0)
                        take_note(m, sender, text);
}

static int on_note(_unused_ sd_event_source *source, _unused_ int fd, _unused_ uint32_t revents,
                   void *userdata) {
        take_notes(userdata);
        return 0;
}

int manager_take_notes(Manager *m, const char *path) {
        m->notes_fd = note_listen(path);
        if (m->notes_fd < 0)
                return m->notes_fd;

        return sd_event_add_io(m->event, &m->notes, m->notes_fd, EPOLLIN, on_note, m);
}

/* Ends */

static const char *cause_of_exit(Machine *machine, int status) {
        if (machine_state(machine) == MACHINE_CLOSING)
                return "stopped";

        /* What reboot(2) makes of itself in a PID namespace, whose init hears no such signals. */
        if (WIFSIGNALED(status) && machine_watch(machine)->has_own_pids) {
                if (WTERMSIG(status) == SIGINT)
                        return "poweroff";
                if (WTERMSIG(status) == SIGHUP)
                        return "reboot";
        }
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
            watch_was_out_of_memory(machine_watch(machine)))
                return "out-of-memory";

        return WIFSIGNALED(status) ? "signal" : "exit";
}

/* Who runs it knows best. */
static int find_status(const Entry *e, int *ret) {
        if (!e->has_status)
                return process_exit_status(machine_leader_fd(e->machine), ret);

        *ret = e->status;
        return 0;
}

void manager_tell_exited(Manager *m, Entry *e) {
        const MachineInfo *info = machine_info(e->machine);
        Machine *machine = e->machine;
        Property list[DETAILS_MAX];
        Properties details = { .list = list };
        int status = 0, r;

        watches_look(m->watches, machine); /* what has ended it comes first */
        take_notes(m);

        r = find_status(e, &status);
        if (r >= 0 && WIFEXITED(status))
                list[details.n++] = event_number("status", 'i', (uint64_t) WEXITSTATUS(status));
        else if (r >= 0 && WIFSIGNALED(status)) {
                list[details.n++] = event_number("signal", 'i', (uint64_t) WTERMSIG(status));
                list[details.n++] = event_number("core-dumped", 'b', WCOREDUMP(status) != 0);
        }

        if (r >= 0 || machine_state(machine) == MACHINE_CLOSING)
                list[details.n++] = event_text("cause", cause_of_exit(machine, status));

        manager_tell(m, info->name, MACHINE_EVENT_EXITED, &details);
}

static int on_no_status(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Entry *e = userdata;

        manager_end_of_leader(e->owner, e);
        return 0;
}

static int on_supervisor_exited(_unused_ sd_event_source *source, _unused_ int fd, _unused_ uint32_t revents,
                                void *userdata) {
        Entry *e = userdata;

        manager_end_of_leader(e->owner, e);
        return 0;
}

/* Others may not send notes, see note_listen(). */
static bool may_tell_status(const Manager *m, const MachineInfo *info) {
        return m->notes_fd >= 0 && info->supervisor > 0 && info->uid == geteuid() &&
               streq_ptr(info->service, "berth-run");
}

static int watch_supervisor(Manager *m, Entry *e) {
        const MachineInfo *info = machine_info(e->machine);
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = process_open_identified(info->supervisor, &info->supervisor_identity);
        if (fd < 0)
                return fd;

        r = sd_event_add_io(m->event, &e->supervisor_exited, fd, EPOLLIN, on_supervisor_exited, e);
        if (r < 0)
                return r;

        (void) sd_event_source_set_io_fd_own(e->supervisor_exited, true);
        TAKE_FD(fd);
        return 0;
}

bool manager_awaits_status(Manager *m, Entry *e) {
        const MachineInfo *info = machine_info(e->machine);

        take_notes(m);
        if (e->has_status || !may_tell_status(m, info))
                return false;

        return watch_supervisor(m, e) >= 0 &&
               sd_event_add_time_relative(m->event, &e->patience, CLOCK_MONOTONIC, STATUS_USEC, 0,
                                          on_no_status, e) >= 0 &&
               sd_event_source_set_enabled(e->leader_exited, SD_EVENT_OFF) >= 0;
}

/* What the kernel does */

static void on_out_of_memory(void *userdata, Machine *machine, uint64_t killed, uint64_t total) {
        Property list[] = { event_number("killed", 't', killed), event_number("total", 't', total) };

        manager_tell(userdata, machine_info(machine)->name, MACHINE_EVENT_OUT_OF_MEMORY,
                     &(Properties) { .list = list, .n = ELEMENTSOF(list) });
}

static void on_frozen(void *userdata, Machine *machine, bool is_frozen) {
        manager_tell(userdata, machine_info(machine)->name,
                     is_frozen ? MACHINE_EVENT_FROZEN : MACHINE_EVENT_THAWED, NULL);
}

int manager_watch_kernel(Manager *m) {
        WatchListener listener = {
                .out_of_memory = on_out_of_memory,
                .frozen = on_frozen,
                .userdata = m,
        };

        return watches_new(m->event, cgroup_mount_point(), &listener, &m->watches);
}
