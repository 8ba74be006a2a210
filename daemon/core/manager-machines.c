/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager itself, and machines that are there: how they are found, and how they end. */

#include <signal.h>

#include "daemon/core/manager-private.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/kernel/cgroup.h"

/* Of a process that is asked about: whoever asks may have made as many as there are numbers. */
#define ANCESTORS_MAX 64

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
        for (unsigned i = 0; i < ANCESTORS_MAX; i++) {
                Machine *machine = find_by_process(m, pid);

                if (machine)
                        return machine;

                /* All come from the host's init, which leads the host only. */
                if (process_parent(pid, &pid) < 0 || pid <= 1)
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

Creation manager_creation(Manager *m, MachineInfo *info, int leader_fd) {
        return (Creation) {
                .info = info,
                .leader_fd = leader_fd,
                .scope = m->scope,
                .outside = m->outside,
        };
}

void manager_undo(Manager *m, Creation *c) {
        Steps steps = { .table = m->steps, .n_steps = m->n_steps, .subject = c, .next = m->n_steps };

        state_remove_machined(&m->state, c->info->name, c->info->unit);
        steps_undo(&steps);
        state_remove_own(&m->state, c->info->name);
}

void manager_drop(Manager *m, Entry *e) {
        watches_drop(m->watches, e->machine);
        idmaps_drop(m->id_maps, e->machine);
        registry_drop(&m->machines, e);
        memory_note_freed(m->memory);
}

void manager_end(Manager *m, Entry *e) {
        Creation c = manager_creation(m, machine_info_edit(e->machine), -EBADF);

        manager_undo(m, &c);

        for (const ManagerListener *l = m->listeners; l; l = l->next)
                l->machine_removed(l->userdata, e->machine);
        stop_runs_note_end(m, machine_info(e->machine), 0);

        manager_drop(m, e);
}

void manager_end_of_leader(Manager *m, Entry *e) {
        manager_tell_exited(m, e);
        manager_end(m, e);
}

static int on_leader_exited(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        Entry *e = userdata;

        if (!manager_awaits_status(e->owner, e))
                manager_end_of_leader(e->owner, e);
        return 0;
}

int manager_watch(Manager *m, Entry *e) {
        return sd_event_add_io(m->event, &e->leader_exited, machine_leader_fd(e->machine), EPOLLIN,
                               on_leader_exited, e);
}

int manager_unregister(Manager *m, Machine *machine) {
        assert(m);
        assert(machine);

        if (machine_info(machine)->class == MACHINE_HOST)
                return -EOPNOTSUPP;

        machine_info_edit(machine)->owns_scope = false; /* it lives on, without us */
        stop_runs_note_end(m, machine_info(machine), -ECANCELED);
        manager_end(m, registry_find(&m->machines, machine_info(machine)->name));
        return 0;
}

/* Of a unit that is not the machine's alone, who manages it may know how to end it. */
static int ask_supervisor(Machine *machine) {
        int r;

        r = machine_kill(machine, KILL_SUPERVISOR, SIGTERM);
        return r == -ESRCH ? -EOPNOTSUPP : r;
}

/* It has nobody who would tidy up when asked; to wait for that takes systemd 90 s. Its leader may
 * have been moved to elsewhere, and is the machine all the same. */
static int kill_scope(Machine *machine) {
        int r;

        r = cgroup_kill_all(machine_info(machine)->cgroup);
        if (r < 0)
                return r;

        r = process_signal(machine_leader_fd(machine), SIGKILL);
        return r == -ESRCH ? 0 : r;
}

bool manager_holds_unit(Manager *m, const MachineInfo *info) {
        return machine_info_holds_unit(info) &&
               !registry_shares_unit(registry_find(&m->machines, info->name));
}

int manager_freeze(Manager *m, Machine *machine, bool frozen, ScopeDone done, void *userdata) {
        _cleanup_free_ char *part = NULL;
        const MachineInfo *info;
        int r;

        assert(m);
        assert(machine);

        info = machine_info(machine);
        if (info->class == MACHINE_HOST || !manager_holds_unit(m, info))
                return -EOPNOTSUPP;

        watches_renew(m->watches, machine); /* so that what is frozen is what is watched */

        r = machine_info_part(info, &part);
        if (r < 0 && r != -ESRCH)
                return r;

        /* Who runs it goes on: systemd would find it hung, and end it. */
        if (r > 0)
                return freezer_set(m->freezer, part, frozen, done, userdata);

        return m->scope->ops->freeze(m->scope, info->unit, info->cgroup, frozen, done, userdata);
}

int manager_set_properties(
                Manager *m,
                Machine *machine,
                bool runtime,
                const Properties *limits,
                ScopeDone done,
                void *userdata) {

        const MachineInfo *info;

        assert(m);
        assert(machine);
        assert(limits);

        info = machine_info(machine);
        if (info->class == MACHINE_HOST || !manager_holds_unit(m, info))
                return -EOPNOTSUPP;

        return m->scope->ops->set_properties(m->scope, info->unit, info->cgroup, runtime, limits, done,
                                             userdata);
}

/* Who is asked to end shall hear it. What systemd has frozen it thaws itself. */
static void thaw_part(const MachineInfo *info) {
        _cleanup_free_ char *part = NULL;

        if (machine_info_part(info, &part) > 0)
                (void) cgroup_write(part, "cgroup.freeze", "0");
}

static void on_nobody_waits(_unused_ void *userdata, _unused_ int result) {
}

/* What we run ends at once, and its unit has not failed then. Other managers are left to ask, as
 * machined leaves them. */
static void hurry(Manager *m, const MachineInfo *info) {
        _cleanup_free_ char *part = NULL;

        if (!streq_ptr(info->service, "berth-run") || machine_info_part(info, &part) <= 0)
                return;

        (void) cgroup_kill_all(part);
        (void) m->scope->ops->retire(m->scope, info->unit, NULL, on_nobody_waits, NULL);
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
                r = kill_scope(machine);
        else if (manager_holds_unit(m, info)) {
                thaw_part(info);
                r = m->scope->ops->stop(m->scope, info->unit, info->cgroup, done, userdata);
                has_job = true;
                if (r >= 0)
                        hurry(m, info);
        } else
                r = ask_supervisor(machine);
        if (r < 0)
                return r;

        manager_set_closing(m, machine, "terminate");
        if (!has_job)
                done(userdata, 0);

        return 0;
}

/* The beginning of machines, see manager-create.c and manager-load.c */

int manager_free_name(Manager *m, const char *name) {
        Entry *old = registry_find(&m->machines, name);

        if (!old)
                return 0;
        if (!entry_if_open(old) || process_is_alive(machine_leader_fd(old->machine)))
                return -E_MACHINE_EXISTS;

        manager_end_of_leader(m, old);
        return 0;
}

void manager_tell_added(Manager *m, Machine *machine) {
        for (const ManagerListener *l = m->listeners; l; l = l->next)
                l->machine_added(l->userdata, machine);
}

int manager_add_running(Manager *m, Machine *machine) {
        Entry *e;
        int r;

        r = registry_add(&m->machines, machine, m, &e);
        if (r < 0)
                return r;

        r = registry_add_unit(&m->machines, e);
        if (r >= 0 && machine_info(machine)->class != MACHINE_HOST)
                r = manager_watch(m, e);
        if (r >= 0 && machine_info(machine)->class != MACHINE_HOST)
                r = idmaps_add(m->id_maps, machine);
        if (r < 0) {
                e->machine = NULL;
                registry_drop(&m->machines, e);
                return r;
        }

        machine_set_state(machine, MACHINE_RUNNING);
        watches_add(m->watches, machine, /* is_new= */ false);
        return 0;
}

int manager_find_image(Manager *m, const char *name) {
        assert(m);
        assert(name);

        return m->find_image ? m->find_image(name, NULL) : 0;
}

int manager_start(Manager *m, const char *name, ScopeDone done, void *userdata) {
        int r;

        assert(m);
        assert(name);

        if (!machine_name_is_valid(name))
                return -EINVAL;

        r = manager_free_name(m, name);
        if (r < 0)
                return r;

        r = manager_find_image(m, name);
        if (r < 0)
                return r;

        r = manager_start_service(m, name, done, userdata);
        return r == -EEXIST ? -E_MACHINE_EXISTS : r;
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

        r = manager_add_running(m, machine);
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
                .notes_fd = -EBADF,
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

        r = freezer_new(m->event, &m->freezer);
        if (r < 0)
                return r;

        r = manager_watch_kernel(m);
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

        creation_runs_drop(m);
        stop_runs_drop(m);
        starts_drop(m);
        (void) watches_free(m->watches);
        sd_event_source_disable_unref(m->notes);
        closep(&m->notes_fd);
        while ((e = registry_next(&m->machines, NULL)))
                registry_drop(&m->machines, e);
        (void) idmaps_free(m->id_maps);
        (void) memory_free(m->memory);
        (void) freezer_free(m->freezer);
        state_close(&m->state);
        sd_event_unref(m->event);
        free(m);
        return NULL;
}
