/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "daemon/core/idmap.h"
#include "daemon/core/manager.h"
#include "daemon/core/memory.h"
#include "daemon/core/registry.h"
#include "daemon/core/state.h"
#include "lib/base/errors.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"

/* Of a process that is asked about: whoever asks may have made as many as there are numbers. */
#define ANCESTORS_MAX 64

typedef struct CreationRun CreationRun;

struct Manager {
        sd_event *event;
        ScopeBackend *scope;
        int (*plan)(Creation *c);
        int (*find_image)(const char *name, char **ret);
        const Step *const *steps;
        size_t n_steps;
        void *outside;
        StateDirectories state;
        ManagerListener *listeners;

        Registry machines;
        IdMaps *id_maps;
        Memory *memory;
        CreationRun *runs;
};

/* One creation under way. */
struct CreationRun {
        Creation creation;      /* first: creation_continue() is given it */
        CreationRun *next, *previous;
        Steps steps;
        Manager *manager;
        Entry *entry;
        CreateRequest request;
        CreateDone done;
        void *userdata;
};

Machine *manager_find(Manager *m, const char *name) {
        return entry_if_open(registry_find(&m->machines, name));
}

static Machine *find_by_process(Manager *m, pid_t pid) {
        _cleanup_free_ char *cgroup = NULL, *unit = NULL, *below = NULL;
        Machine *machine;

        machine = entry_if_open(registry_find_leader(&m->machines, pid));
        if (machine)
                return machine;

        if (cgroup_of_process(pid, &cgroup) < 0 || cgroup_unit(cgroup, &unit, &below) < 0)
                return NULL;

        return entry_if_open(registry_find_unit(&m->machines, unit, below));
}

Machine *manager_find_by_pid(Manager *m, pid_t pid) {
        for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
                Machine *machine = find_by_process(m, pid);

                if (machine)
                        return machine;
                if (process_parent(pid, &pid) < 0)
                        return NULL;
        }

        return NULL;
}

int manager_find_by_id(Manager *m, IdKind kind, uint32_t id, Machine **ret, uint32_t *ret_inside) {
        assert(m);
        assert(ret);
        assert(ret_inside);

        if (id == UINT32_MAX)
                return -EINVAL;

        return idmaps_find(m->id_maps, kind, id, ret, ret_inside);
}

Machine *manager_next(Manager *m, Machine *previous) {
        Entry *e = previous ? registry_find(&m->machines, machine_info(previous)->name) : NULL;

        do
                e = registry_next(&m->machines, e);
        while (e && !entry_if_open(e));

        return entry_if_open(e);
}

/* The end of machines */

static Creation creation_of(Manager *m, MachineInfo *info, int leader_fd) {
        return (Creation) {
                .info = info,
                .leader_fd = leader_fd,
                .scope = m->scope,
                .outside = m->outside,
        };
}

/* Removes what was made for a machine: its creation, backwards from the end. */
static void undo_all(Manager *m, Creation *c) {
        Steps steps = { .table = m->steps, .n_steps = m->n_steps, .subject = c, .next = m->n_steps };

        state_remove_machined(&m->state, c->info->name, c->info->unit);
        steps_undo(&steps);
        state_remove_own(&m->state, c->info->name);
}

static void drop(Manager *m, Entry *e) {
        idmaps_drop(m->id_maps, e->machine);
        registry_drop(&m->machines, e);
        memory_note_freed(m->memory);
}

static void manager_remove(Manager *m, Entry *e) {
        Creation c = creation_of(m, machine_info_edit(e->machine), -EBADF);

        undo_all(m, &c);

        for (const ManagerListener *l = m->listeners; l; l = l->next)
                l->machine_removed(l->userdata, e->machine);

        drop(m, e);
}

static int on_leader_exited(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        Entry *e = userdata;

        manager_remove(e->owner, e);
        return 0;
}

static int watch_leader(Manager *m, Entry *e) {
        return sd_event_add_io(m->event, &e->leader_exited, machine_leader_fd(e->machine), EPOLLIN,
                               on_leader_exited, e);
}

int manager_unregister(Manager *m, Machine *machine) {
        assert(m);
        assert(machine);

        if (machine_info(machine)->class == MACHINE_HOST)
                return -EOPNOTSUPP;

        machine_info_edit(machine)->owns_scope = false; /* it lives on, without us */
        manager_remove(m, registry_find(&m->machines, machine_info(machine)->name));
        return 0;
}

/* Of a unit that is not the machine's alone, who manages it may know how to end it. */
static int ask_supervisor(Machine *machine) {
        int r;

        r = machine_kill(machine, KILL_SUPERVISOR, SIGTERM);
        return r == -ESRCH ? -EOPNOTSUPP : r;
}

int manager_terminate(Manager *m, Machine *machine, ScopeDone done, void *userdata) {
        const MachineInfo *info;
        bool has_job = false;
        int r;

        assert(m);
        assert(machine);

        info = machine_info(machine);
        if (info->class == MACHINE_HOST)
                return -EOPNOTSUPP;

        if (info->owns_scope)
                /* It has nobody who would tidy up when asked; to wait for that takes systemd 90 s. */
                r = cgroup_kill_all(info->cgroup);
        else if (machine_info_holds_unit(info) &&
                 !registry_shares_unit(registry_find(&m->machines, info->name))) {
                r = m->scope->ops->stop(m->scope, info->unit, info->cgroup, done, userdata);
                has_job = true;
        } else
                r = ask_supervisor(machine);
        if (r < 0)
                return r;

        machine_set_state(machine, MACHINE_CLOSING);
        if (!has_job)
                done(userdata, 0);

        return 0;
}

/* The beginning of machines */

/* The name is free, or its owner has died and we have only not looked yet. */
static int free_name(Manager *m, const char *name) {
        Entry *old = registry_find(&m->machines, name);

        if (!old)
                return 0;
        if (!entry_if_open(old) || process_is_alive(machine_leader_fd(old->machine)))
                return -E_MACHINE_EXISTS;

        manager_remove(m, old);
        return 0;
}

static void tell_added(Manager *m, Machine *machine) {
        for (const ManagerListener *l = m->listeners; l; l = l->next)
                l->machine_added(l->userdata, machine);
}

/* The same for its leader: a process is in one machine, so that it can be told in which. */
static int free_leader(Manager *m, pid_t leader) {
        Entry *old = registry_find_leader(&m->machines, leader);

        if (!old)
                return 0;
        if (!entry_if_open(old) || process_is_alive(machine_leader_fd(old->machine)))
                return -EEXIST;

        manager_remove(m, old);
        return 0;
}

static int check_room(Manager *m, const CreateRequest *request) {
        int r;

        r = free_name(m, request->name);
        if (r >= 0)
                r = free_leader(m, request->leader);
        if (r < 0)
                return r;

        return request->uid != 0 && registry_count(&m->machines, request->uid) >= MACHINES_PER_USER
                ? -E_LIMITS_EXCEEDED : 0;
}

static void run_free(CreationRun *run) {
        if (run->previous)
                run->previous->next = run->next;
        else
                run->manager->runs = run->next;
        if (run->next)
                run->next->previous = run->previous;

        create_request_done(&run->request);
        free(run);
}

static void run_finish(CreationRun *run, int result, const char *where) {
        Manager *m = run->manager;
        Entry *e = run->entry;

        if (result >= 0) {
                machine_set_state(e->machine, MACHINE_RUNNING);

                tell_added(m, e->machine);
        }

        run->done(run->userdata, result, where, result >= 0 ? e->machine : NULL);

        if (result < 0)
                drop(m, e);

        run_free(run);
}

static int run_complete(CreationRun *run) {
        MachineInfo *info = run->creation.info;
        Manager *m = run->manager;
        int r;

        /* Where systemd has put it; also, for the kill of all. */
        r = machine_info_locate(info);
        if (r < 0)
                return r;

        r = registry_add_unit(&m->machines, run->entry);
        if (r < 0)
                return r;

        r = idmaps_add(m->id_maps, run->entry->machine);
        if (r < 0)
                return r;

        r = watch_leader(m, run->entry);
        if (r < 0)
                return r;

        r = state_save_own(&m->state, info, /* runs= */ true);
        if (r < 0)
                return r;

        r = fault_point("create", "state");
        if (r < 0)
                return r;

        /* Last: whoever sees it may use the machine. */
        return state_save_machined(&m->state, info);
}

static void run_go_on(CreationRun *run, int r, const Step *culprit) {
        if (r == STEP_PENDING)
                return;

        if (r >= 0) {
                r = run_complete(run);
                if (r < 0) {
                        run->creation.has_failed = true;
                        undo_all(run->manager, &run->creation);
                }
        }
        if (r < 0)
                state_remove_own(&run->manager->state, run->creation.info->name);

        run_finish(run, r, culprit ? culprit->name : NULL);
}

void creation_continue(void *userdata, int result) {
        CreationRun *run = userdata;
        const Step *culprit = NULL;
        int r;

        r = steps_resume(&run->steps, result, &culprit);
        run_go_on(run, r, culprit);
}

static int run_new(
                Manager *m,
                CreateRequest *request,
                Machine *machine,
                CreateDone done,
                void *userdata,
                CreationRun **ret) {

        CreationRun *run;
        int r;

        run = malloc(sizeof(*run));
        if (!run)
                return -ENOMEM;

        *run = (CreationRun) {
                .creation = creation_of(m, machine_info_edit(machine), machine_leader_fd(machine)),
                .manager = m,
                .done = done,
                .userdata = userdata,
        };

        r = registry_add(&m->machines, machine, m, &run->entry);
        if (r < 0) {
                free(run);
                return r;
        }

        run->next = m->runs;
        if (run->next)
                run->next->previous = run;
        m->runs = run;

        run->request = *request;
        *request = (CreateRequest) {};
        run->creation.request = &run->request;
        run->creation.has_failed = true; /* until it has not */
        run->steps = (Steps) {
                .table = m->steps,
                .n_steps = m->n_steps,
                .subject = &run->creation,
                .fault = "create",
        };

        *ret = run;
        return 0;
}

/* Others than root may lead us to what is theirs only. */
static int check_owner(const CreateRequest *request, int leader_fd) {
        int r;

        if (request->uid == 0)
                return 0;

        r = process_is_owned_by(leader_fd, request->uid);
        return r == 0 ? -EACCES : r;
}

static int take_leader(CreateRequest *request) {
        int fd = request->leader_fd;

        request->leader_fd = 0;
        return fd > 0 ? fd : process_open(request->leader);
}

static int make_machine(Manager *m, CreateRequest *request, Machine **ret) {
        _cleanup_close_ int leader_fd = -EBADF;
        MachineInfo info = {};
        Creation c;
        int r;

        leader_fd = take_leader(request);
        if (leader_fd < 0)
                return leader_fd;
        if (!process_is_alive(leader_fd))
                return -ESRCH;

        r = check_owner(request, leader_fd);
        if (r < 0)
                return r;

        c = creation_of(m, &info, leader_fd);
        c.request = request;

        r = machine_info_from_request(request, leader_fd, &info);
        if (r >= 0)
                r = m->plan(&c);
        if (r >= 0)
                r = machine_new(&info, leader_fd, ret);
        if (r < 0) {
                machine_info_done(&info);
                return r;
        }

        TAKE_FD(leader_fd);
        return 0;
}

int manager_create(Manager *m, CreateRequest *request, CreateDone done, void *userdata) {
        _cleanup_(machine_freep) Machine *machine = NULL;
        const Step *culprit = NULL;
        CreationRun *run;
        int r;

        assert(m);
        assert(request);
        assert(done);

        r = check_room(m, request);
        if (r < 0)
                return r;

        r = make_machine(m, request, &machine);
        if (r < 0)
                return r;

        /* The plan is on disk before the first deed: who comes after us knows what to look for. */
        r = state_save_own(&m->state, machine_info(machine), /* runs= */ false);
        if (r < 0)
                return r;

        r = run_new(m, request, machine, done, userdata, &run);
        if (r < 0) {
                state_remove_own(&m->state, machine_info(machine)->name);
                return r;
        }

        TAKE_PTR(machine); /* is in the tables now */
        r = steps_run(&run->steps, &culprit);
        run_go_on(run, r, culprit);
        return 0;
}

int manager_start(Manager *m, const char *name, ScopeDone done, void *userdata) {
        int r;

        assert(m);
        assert(name);

        if (!machine_name_is_valid(name))
                return -EINVAL;

        r = free_name(m, name);
        if (r < 0)
                return r;

        r = m->find_image ? m->find_image(name, NULL) : 0;
        if (r < 0)
                return r;

        r = m->scope->ops->start_service(m->scope, name, done, userdata);
        return r == -EEXIST ? -E_MACHINE_EXISTS : r;
}

/* What was there before */

static void collect(Manager *m, MachineInfo *info, bool has_failed) {
        Creation c = creation_of(m, info, -EBADF);

        c.has_failed = has_failed;
        log_info("Removing what was left of machine '%s'", info->name);
        undo_all(m, &c);
}

static int open_leader(const MachineInfo *info) {
        /* Machined 252 notes no identity: there, the number has to do, and the unit. */
        if (info->leader_identity.pidfd_id == 0 && info->leader_identity.start_time == 0)
                return process_open(info->leader);

        return process_open_identified(info->leader, &info->leader_identity);
}

/* Adds a machine that runs. Takes it over if it returns 0. */
static int add_running(Manager *m, Machine *machine) {
        Entry *e;
        int r;

        r = registry_add(&m->machines, machine, m, &e);
        if (r < 0)
                return r;

        r = registry_add_unit(&m->machines, e);
        if (r >= 0 && machine_info(machine)->class != MACHINE_HOST)
                r = watch_leader(m, e);
        if (r >= 0 && machine_info(machine)->class != MACHINE_HOST)
                r = idmaps_add(m->id_maps, machine);
        if (r < 0) {
                e->machine = NULL;
                registry_drop(&m->machines, e);
                return r;
        }

        machine_set_state(machine, MACHINE_RUNNING);
        return 0;
}

/* Takes over @info if it returns 0. */
static int bring_back(Manager *m, MachineInfo *info) {
        _cleanup_(machine_freep) Machine *machine = NULL;
        _cleanup_close_ int leader_fd = -EBADF;
        int r;

        leader_fd = open_leader(info);
        if (leader_fd < 0)
                return leader_fd;
        if (!process_is_alive(leader_fd))
                return -ESRCH;

        r = process_identify(leader_fd, &info->leader_identity);
        if (r < 0)
                return r;

        r = machine_info_locate(info);
        if (r < 0)
                return r;

        r = machine_new(info, leader_fd, &machine);
        if (r < 0)
                return r;
        TAKE_FD(leader_fd);

        r = add_running(m, machine);
        if (r < 0) {
                /* Back to the caller, who removes what was made for it. */
                *info = *machine_info(machine);
                *machine_info_edit(machine) = (MachineInfo) {};
                return r;
        }

        tell_added(m, machine);

        TAKE_PTR(machine);
        return 0;
}

static void load_one(Manager *m, const char *name) {
        MachineInfo info = {};
        bool runs;
        int r;

        r = state_load(&m->state, name, &info, &runs);
        if (r < 0) {
                (void) log_warning(r, "Ignoring what is noted of machine '%s'", name);
                return;
        }

        r = runs ? bring_back(m, &info) : -ESRCH;
        if (r < 0)
                collect(m, &info, !runs);

        machine_info_done(&info);
}

int manager_load(Manager *m) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        assert(m);

        r = state_list(&m->state, &names);
        if (r < 0)
                return r;

        for (char **name = names; *name; name++)
                load_one(m, *name);

        return 0;
}

static int add_host(Manager *m) {
        _cleanup_(machine_freep) Machine *machine = NULL;
        MachineInfo info = {
                .name = strdup(MACHINE_NAME_HOST),
                .class = MACHINE_HOST,
                .leader = 1,
                .root_directory = strdup("/"),
                .unit = strdup("-.slice"),
        };
        int r;

        (void) id128_host_machine(&info.id); /* a host without one is still a host */

        r = info.name && info.root_directory && info.unit ? machine_new(&info, -EBADF, &machine) : -ENOMEM;
        if (r < 0) {
                machine_info_done(&info);
                return r;
        }

        r = add_running(m, machine);
        if (r < 0)
                return r;

        TAKE_PTR(machine);
        return 0;
}

int manager_new(const ManagerConfig *config, Manager **ret) {
        _cleanup_(manager_freep) Manager *m = NULL;
        int r;

        assert(config);
        assert(ret);

        m = malloc(sizeof(*m));
        if (!m)
                return -ENOMEM;

        *m = (Manager) {
                .event = sd_event_ref(config->event),
                .scope = config->scope,
                .plan = config->plan,
                .find_image = config->find_image,
                .steps = config->steps,
                .n_steps = config->n_steps,
                .outside = config->outside,
                .state = { .machined_fd = -EBADF, .own_fd = -EBADF },
        };

        r = state_open(config->machined_directory, config->own_directory, &m->state);
        if (r < 0)
                return r;

        r = idmaps_new(m->event, &m->id_maps);
        if (r < 0)
                return r;

        r = memory_new(m->event, &m->memory);
        if (r < 0)
                return r;

        r = add_host(m);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

void manager_add_listener(Manager *m, ManagerListener *listener) {
        assert(m);
        assert(listener->machine_added && listener->machine_removed);

        listener->next = m->listeners;
        m->listeners = listener;
}

void manager_remove_listener(Manager *m, ManagerListener *listener) {
        assert(m);

        for (ManagerListener **l = &m->listeners; *l; l = &(*l)->next)
                if (*l == listener) {
                        *l = listener->next;
                        return;
                }
}

Manager *manager_free(Manager *m) {
        Entry *e;

        if (!m)
                return NULL;

        /* What they have made so far the next daemon finds, and removes. */
        while (m->runs) {
                CreationRun *run = m->runs;

                run->done(run->userdata, -ESHUTDOWN, NULL, NULL);
                run_free(run);
        }

        while ((e = registry_next(&m->machines, NULL)))
                registry_drop(&m->machines, e);
        (void) idmaps_free(m->id_maps);
        (void) memory_free(m->memory);
        state_close(&m->state);
        sd_event_unref(m->event);
        free(m);
        return NULL;
}
