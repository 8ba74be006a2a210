/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The beginning of machines: the steps of their creation, and what comes after. */

#include "daemon/core/manager-private.h"
#include "lib/base/errors.h"
#include "lib/base/fault.h"

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

/* A process is in one machine, so that it can be told in which. */
static int free_leader(Manager *m, pid_t leader) {
        Entry *old = registry_find_leader(&m->machines, leader);

        if (!old)
                return 0;
        if (!entry_if_open(old) || process_is_alive(machine_leader_fd(old->machine)))
                return -EEXIST;

        manager_end_of_leader(m, old);
        return 0;
}

static int check_room(Manager *m, const CreateRequest *request) {
        int r;

        r = manager_free_name(m, request->name);
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

void creation_runs_drop(Manager *m) {
        while (m->runs) {
                CreationRun *run = m->runs;

                run->done(run->userdata, -ESHUTDOWN, NULL, NULL);
                run_free(run);
        }
}

static void run_finish(CreationRun *run, int result, const char *where) {
        Manager *m = run->manager;
        Entry *e = run->entry;

        if (result >= 0) {
                machine_set_state(e->machine, MACHINE_RUNNING);
                watches_add(m->watches, e->machine, machine_info(e->machine)->owns_scope);
                manager_tell_added(m, e->machine);
                manager_tell_registered(m, e->machine);
        }

        run->done(run->userdata, result, where, result >= 0 ? e->machine : NULL);

        if (result < 0)
                manager_drop(m, e);

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

        r = manager_watch(m, run->entry);
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
                        manager_undo(run->manager, &run->creation);
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
                .creation = manager_creation(m, machine_info_edit(machine), machine_leader_fd(machine)),
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

        c = manager_creation(m, &info, leader_fd);
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
