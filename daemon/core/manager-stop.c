/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of machines that are asked for it first, and given time. */

#include <signal.h>

#include "daemon/core/manager-private.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"

/* How many may be waiting for the end of the same machine. */
#define STOPS_PER_MACHINE 16

/* What was sent SIGKILL goes as fast as it can; what does not go then never will. */
#define KILLED_USEC (5 * USEC_PER_SEC)

/* One that is waited for. It outlives the machine until its unit has ended, too. */
struct StopRun {
        Manager *manager;
        StopRun *next, *previous;
        char *name;
        pid_t leader;                   /* which machine of that name */
        uint64_t since;
        char *cgroup;                   /* of the unit, if it is the machine's alone, or NULL */
        bool owns_scope;
        bool is_machine_gone, is_unit_gone;
        unsigned n_kills;
        bool was_killed;
        sd_event_source *timer;
        StopDone done;                  /* NULL once it was told */
        void *userdata;
};

static StopRun *run_free(StopRun *run) {
        if (!run)
                return NULL;

        if (run->previous)
                run->previous->next = run->next;
        else
                run->manager->stops = run->next;
        if (run->next)
                run->next->previous = run->previous;

        sd_event_source_disable_unref(run->timer);
        free(run->cgroup);
        free(run->name);
        free(run);
        return NULL;
}
DEFINE_CLEANUP(StopRun, run_free);

void stop_runs_drop(Manager *m) {
        while (m->stops)
                (void) run_free(m->stops);
}

static void tell(StopRun *run, int result) {
        StopDone done = run->done;

        run->done = NULL;
        run->timer = sd_event_source_disable_unref(run->timer);
        if (done)
                done(run->userdata, result, run->was_killed);
}

static void finish_if_gone(StopRun *run) {
        if (!run->is_machine_gone || !run->is_unit_gone)
                return;

        tell(run, 0);
        (void) run_free(run);
}

static bool is_about(const StopRun *run, const MachineInfo *info) {
        return streq(run->name, info->name) && run->leader == info->leader &&
               run->since == info->monotonic;
}

void stop_runs_note_end(Manager *m, const MachineInfo *info, int result) {
        StopRun *next;

        for (StopRun *run = m->stops; run; run = next) {
                next = run->next;
                if (!is_about(run, info))
                        continue;

                run->is_machine_gone = true;
                if (result < 0)
                        tell(run, result);
                else if (run->owns_scope && run->cgroup)
                        (void) cgroup_kill_all(run->cgroup); /* nobody is left who would tidy up */
                finish_if_gone(run);
        }
}

static void on_unit_gone(void *userdata, _unused_ int result) {
        StopRun *run = userdata;

        run->is_unit_gone = true;
        finish_if_gone(run);
}

static Machine *find_machine(StopRun *run) {
        Machine *machine = manager_find(run->manager, run->name);

        return machine && is_about(run, machine_info(machine)) ? machine : NULL;
}

static void kill_part(Machine *machine) {
        _cleanup_free_ char *part = NULL;

        if (machine_info_part(machine_info(machine), &part) >= 0)
                (void) cgroup_kill_all(part);
}

/* However they wait for it: it was not its own wish. */
static void note_kill(StopRun *run) {
        for (StopRun *other = run->manager->stops; other; other = other->next)
                if (other->leader == run->leader && other->since == run->since)
                        other->was_killed = true;
}

/* First the machine, so that who runs it can tidy up after it; then all of its unit. */
static void kill_more(StopRun *run) {
        Machine *machine = find_machine(run);

        if (machine) {
                note_kill(run);
                if (run->cgroup)
                        kill_part(machine);
                (void) machine_kill(machine, KILL_LEADER, SIGKILL);
        }

        if (run->cgroup && (run->n_kills > 0 || !machine))
                (void) cgroup_kill_all(run->cgroup);
        run->n_kills++;
}

static int set_timer(StopRun *run, uint64_t at);

static uint64_t time_after(const Manager *m, uint64_t usec) {
        uint64_t now = 0;

        (void) sd_event_now(m->event, CLOCK_MONOTONIC, &now);
        return usec < UINT64_MAX - now ? now + usec : UINT64_MAX;
}

static int on_time(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        StopRun *run = userdata;

        /* Once more for the unit, and then it is in the kernel's hands. */
        if (run->n_kills > 1) {
                tell(run, -ETIMEDOUT);
                return 0;
        }

        kill_more(run);
        return set_timer(run, time_after(run->manager, KILLED_USEC));
}

static int set_timer(StopRun *run, uint64_t at) {
        run->timer = sd_event_source_disable_unref(run->timer);

        return at == UINT64_MAX ? 0 :
               sd_event_add_time(run->manager->event, &run->timer, CLOCK_MONOTONIC, at, 0, on_time, run);
}

/* For the daemon that comes after this one. That it could not be written down is no reason to let the
 * machine go on. */
static void note_time(Manager *m, Machine *machine, uint64_t at) {
        MachineInfo *info = machine_info_edit(machine);

        if (info->stop_at > 0 && info->stop_at <= at)
                return;

        info->stop_at = at;
        (void) state_save_own(&m->state, info, /* runs= */ true);
}

/* Those that pass the wish on as what their guest's init understands. Others have their own ideas
 * of SIGTERM: most of them just end. */
static bool has_supervisor_who_asks(const MachineInfo *info) {
        static const char *const services[] = { "berth-run", "systemd-nspawn", "systemd-vmspawn" };

        for (size_t i = 0; info->supervisor > 0 && i < ELEMENTSOF(services); i++)
                if (streq_ptr(info->service, services[i]))
                        return true;

        return false;
}

static int ask(Machine *machine) {
        int r;

        if (has_supervisor_who_asks(machine_info(machine))) {
                r = machine_kill(machine, KILL_SUPERVISOR, SIGTERM);
                if (r != -ESRCH)
                        return r;
        }

        /* What systemd takes for a request to power off, and many others ignore. */
        r = machine_kill(machine, KILL_LEADER, SIGRTMIN + 4);
        return r == -ESRCH ? 0 : r;
}

static void on_nobody_waits(_unused_ void *userdata, _unused_ int result) {
}

/* Who stands still hears nothing. */
static void thaw(Manager *m, Machine *machine) {
        if (machine_is_frozen(machine))
                (void) manager_freeze(m, machine, false, on_nobody_waits, NULL);
}

static size_t count_stops(const Manager *m, const MachineInfo *info) {
        size_t n = 0;

        for (const StopRun *run = m->stops; run; run = run->next)
                n += is_about(run, info);

        return n;
}

static int run_new(Manager *m, const MachineInfo *info, StopDone done, void *userdata, StopRun **ret) {
        _cleanup_(run_freep) StopRun *run = NULL;

        run = malloc(sizeof(*run));
        if (!run)
                return -ENOMEM;

        *run = (StopRun) {
                .manager = m,
                .next = m->stops,
                .leader = info->leader,
                .since = info->monotonic,
                .owns_scope = info->owns_scope,
                .done = done,
                .userdata = userdata,
        };
        if (run->next)
                run->next->previous = run;
        m->stops = run;

        run->name = strdup(info->name);
        if (!run->name)
                return -ENOMEM;

        *ret = TAKE_PTR(run);
        return 0;
}

/* Has its unit not come back, and its end told. */
static int retire_unit(StopRun *run, const MachineInfo *info) {
        Manager *m = run->manager;

        if (!manager_holds_unit(m, info)) {
                run->is_unit_gone = true;
                return 0;
        }

        if (info->cgroup) {
                run->cgroup = strdup(info->cgroup);
                if (!run->cgroup)
                        return -ENOMEM;
        }

        return m->scope->ops->retire(m->scope, info->unit, info->cgroup, on_unit_gone, run);
}

int manager_stop(Manager *m, Machine *machine, uint64_t timeout_usec, StopDone done, void *userdata) {
        _cleanup_(run_freep) StopRun *run = NULL;
        const MachineInfo *info;
        uint64_t at;
        size_t n;
        int r;

        assert(m);
        assert(machine);
        assert(done);

        info = machine_info(machine);
        if (info->class == MACHINE_HOST)
                return -EOPNOTSUPP;

        n = count_stops(m, info);
        if (n >= STOPS_PER_MACHINE)
                return -E_LIMITS_EXCEEDED;

        r = run_new(m, info, done, userdata, &run);
        if (r < 0)
                return r;

        /* To be asked twice is to be ordered, for those who run machines. */
        thaw(m, machine);
        at = time_after(m, timeout_usec);
        r = n == 0 && timeout_usec > 0 ? ask(machine) : 0;
        if (r >= 0)
                r = set_timer(run, at);
        if (r >= 0)
                r = retire_unit(run, info);
        if (r < 0)
                return r;

        TAKE_PTR(run); /* waits on m->stops from here on */
        note_time(m, machine, at);
        manager_set_closing(m, machine, "stop");
        return 0;
}

void manager_stop_further(Manager *m, Machine *machine) {
        const MachineInfo *info = machine_info(machine);
        _cleanup_(run_freep) StopRun *run = NULL;

        machine_set_state(machine, MACHINE_CLOSING); /* which was told */
        if (run_new(m, info, NULL, NULL, &run) < 0 || set_timer(run, info->stop_at) < 0 ||
            retire_unit(run, info) < 0)
                return;

        TAKE_PTR(run); /* waits on m->stops from here on */
}
