/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens in the life of machines, as starts of services, the kernel and supervisors tell of it. */

#include <signal.h>
#include <sys/wait.h>

#include "daemon/core/manager-private.h"
#include "lib/base/errors.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/note.h"

/* Enough of everything that we tell. */
#define DETAILS_MAX 4

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

void manager_tell_exited(Manager *m, Machine *machine) {
        const MachineInfo *info = machine_info(machine);
        Property list[DETAILS_MAX];
        Properties details = { .list = list };
        int status = 0, r;

        watches_look(m->watches, machine); /* what has ended it comes first */

        r = process_exit_status(machine_leader_fd(machine), &status);
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

/* What supervisors tell */

static Machine *find_supervised(Manager *m, pid_t supervisor) {
        for (Machine *machine = NULL; (machine = manager_next(m, machine));) {
                const MachineInfo *info = machine_info(machine);
                _cleanup_close_ int fd = -EBADF;

                if (info->supervisor != supervisor)
                        continue;

                fd = process_open_identified(supervisor, &info->supervisor_identity);
                if (fd >= 0)
                        return machine;
        }

        return NULL;
}

static void take_note(Manager *m, pid_t sender, const char *text) {
        static const char *const causes[] = { "guest", "service" };
        const char *cause = startswith(text, NOTE_STOPPING);
        Machine *machine = find_supervised(m, sender);

        /* That we have asked for it ourselves was told. */
        if (!cause || !machine || machine_state(machine) == MACHINE_CLOSING)
                return;

        for (size_t i = 0; i < ELEMENTSOF(causes); i++)
                if (streq(cause, causes[i]))
                        tell_cause(m, machine_info(machine)->name, MACHINE_EVENT_STOPPING, cause);
}

static int on_note(_unused_ sd_event_source *source, int fd, _unused_ uint32_t revents, void *userdata) {
        char text[NOTE_SIZE_MAX];
        pid_t sender;

        if (note_receive(fd, text, &sender) >= 0 && sender > 0)
                take_note(userdata, sender, text);

        return 0;
}

int manager_take_notes(Manager *m, const char *path) {
        m->notes_fd = note_listen(path);
        if (m->notes_fd < 0)
                return m->notes_fd;

        return sd_event_add_io(m->event, &m->notes, m->notes_fd, EPOLLIN, on_note, m);
}
