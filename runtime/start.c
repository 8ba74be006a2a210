/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/errors.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/kernel/clone.h"
#include "lib/kernel/fsids.h"
#include "lib/kernel/process.h"
#include "lib/kernel/userns.h"
#include "runtime/late.h"
#include "runtime/report.h"
#include "runtime/start.h"
#include "runtime/sync.h"

/* Exit status of a leader that never became the payload; nobody is told. */
#define LEADER_FAILED 1

/* Who may change the leader, and when it ends: nobody but us, and with us. Should
 * the supervisor have died before this, then nobody answers later. */
static int tie_to_supervisor(Run *run) {
        closep(&run->program_fd);
        run->program_fd = -EBADF;

        return process_protect();
}

static _Noreturn void leader_fail(Run *run, int sync_fd, int error, const Step *step) {
        SyncMessage message = { .point = SYNC_FAILED, .error = error };

        if (step) {
                (void) snprintf(message.step, sizeof(message.step), "%s", step->name);
                run_object(run, step, message.object);
        }

        (void) sync_send(sync_fd, &message, NULL, 0);
        _exit(LEADER_FAILED);
}

static void leader_take_stage(Run *run, int sync_fd, Stage stage) {
        const Step *step = NULL;
        Steps steps;
        int r;

        run_steps_init(run, &steps, stage);
        r = steps_run(&steps, &step);
        if (r < 0)
                leader_fail(run, sync_fd, r, step);
}

/* The leader, once its mount tree is there, until it is the payload. */
static _Noreturn void leader_go_on(Run *run, int sync_fd) {
        SyncMessage message = { .point = SYNC_ASSEMBLED };
        int r;

        leader_take_stage(run, sync_fd, STAGE_OWN);

        r = sync_send(sync_fd, &message, run->guest_fds, run_count_guest_fds(run));
        if (r < 0)
                leader_fail(run, sync_fd, r, NULL);

        r = sync_receive(sync_fd, true, &message, NULL, 0);
        if (r <= 0 || message.point != SYNC_ATTACHED)
                _exit(LEADER_FAILED); /* the supervisor has given up, or is gone */

        run->sync_fd = sync_fd;
        leader_take_stage(run, sync_fd, STAGE_INNER);
        _exit(LEADER_FAILED); /* not reached: the last step is exec */
}

/* A leader that assembles its mount tree itself. */
static _Noreturn void leader_main(Run *run, int sync_fd) {
        int r;

        r = tie_to_supervisor(run);
        if (r < 0)
                leader_fail(run, sync_fd, r, NULL);

        (void) umask(0);
        leader_take_stage(run, sync_fd, STAGE_OUTER);
        leader_go_on(run, sync_fd);
}

/* A leader with users of its own. Until these have been mapped it is nobody. */
static _Noreturn void leader_main_with_users(Run *run, int sync_fd) {
        SyncMessage message;
        int r;

        r = tie_to_supervisor(run);
        if (r < 0)
                leader_fail(run, sync_fd, r, NULL);

        r = sync_receive(sync_fd, true, &message, NULL, 0);
        if (r <= 0 || message.point != SYNC_MAPPED)
                _exit(LEADER_FAILED);

        /* Of use to those outside of it only. */
        closep(&run->range->users_fd);
        run->range->users_fd = -EBADF;

        r = userns_become_root();
        if (r >= 0)
                r = process_protect(); /* that has gone with who it was */
        if (r < 0)
                leader_fail(run, sync_fd, r, NULL);

        leader_go_on(run, sync_fd);
}

static uint64_t namespaces(const Spec *spec) {
        const struct {
                const char *name;
                uint64_t flag;
        } wanted[] = {
                { "pid", CLONE_NEWPID },
                { "uts", CLONE_NEWUTS },
                { "ipc", CLONE_NEWIPC },
                { "net", spec->private_network && !spec->network_namespace ? CLONE_NEWNET : 0 },
        };
        uint64_t flags = CLONE_NEWNS;

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                if (!fault_skips("namespace", wanted[i].name))
                        flags |= wanted[i].flag;

        return flags;
}

/* What the leader's user namespace takes: a flag, or that the builder goes into the one that there is. */
static int prepare_users(const Run *run, uint64_t *ret_flags) {
        int r;

        *ret_flags = 0;
        if (fault_skips("namespace", "user"))
                return 0;
        if (run->range->users_fd < 0) {
                *ret_flags = CLONE_NEWUSER;
                return 0;
        }

        /* What of root's privileges is left there does not open control groups of the host's root. */
        r = fsids_restore();
        return r < 0 ? r : userns_enter(run->range->users_fd);
}

/* Assembles the mount tree with the host's users, and then bears the leader, who
 * is the supervisor's child as well. All its namespaces come with its user
 * namespace, so that its root may do there what root does. */
static _Noreturn void builder_main(Run *run, int sync_fd) {
        SyncMessage message = { .point = SYNC_BORN };
        uint64_t users;
        pid_t pid;
        int r, pidfd;

        r = tie_to_supervisor(run);
        if (r < 0)
                leader_fail(run, sync_fd, r, NULL);

        (void) umask(0);
        leader_take_stage(run, sync_fd, STAGE_OUTER);

        /* That is how the leader finds its own copy of the tree. */
        if (fchdir(run->root_fd) < 0)
                leader_fail(run, sync_fd, -errno, NULL);

        r = prepare_users(run, &users);
        if (r < 0)
                leader_fail(run, sync_fd, r, NULL);

        pid = process_clone(namespaces(run->spec) | users | CLONE_PARENT, run->cgroup_fd, &pidfd);
        if (pid == 0)
                leader_main_with_users(run, sync_fd);
        if (pid < 0)
                leader_fail(run, sync_fd, pid, NULL);

        r = sync_send(sync_fd, &message, &pidfd, 1);
        _exit(r < 0 ? LEADER_FAILED : EXIT_SUCCESS);
}

static void reap(int pidfd) {
        siginfo_t si;

        (void) process_signal(pidfd, SIGKILL);
        while (waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED) < 0 && errno == EINTR)
                ;
}

static int map_users(const Run *run) {
        IdRange range = { .outside = run->range->base, .count = run->range->count };
        IdMap map = { .ranges = &range, .n_ranges = 1 };
        int r;

        if (fault_skips("maps", "range"))
                range.count--;
        if (fault_skips("namespace", "user") || run->range->users_fd >= 0)
                return 0;

        r = fault_point("start", "maps");
        if (r < 0)
                return r;

        return userns_write_maps(run->leader, &map, &map);
}

static int clone_leader(Run *run, int *ret_sync_fd) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        pid_t pid;
        int r;

        r = sync_pair(&ours, &theirs);
        if (r < 0)
                return r;

        pid = process_clone(namespaces(run->spec), run->cgroup_fd, &run->leader_pidfd);
        if (pid < 0)
                return pid;
        if (pid == 0) {
                (void) close(TAKE_FD(ours)); /* so that its end is seen */
                leader_main(run, theirs);
        }

        run->leader = pid;
        *ret_sync_fd = TAKE_FD(ours);
        return 0;
}

static int report_message(const Run *run, const SyncMessage *m) {
        return report_failure(run->spec->machine, m->step, m->object, m->error);
}

/* Takes the leader's own account of its failure, if it has left one: that is
 * the cause, what we ran into ourselves because of it is not. */
static int report_leader(const Run *run, int sync_fd, bool wait) {
        SyncMessage message;
        int fds[_GUEST_FD_MAX], r;
        bool executing = false;

        for (;;) {
                r = sync_receive(sync_fd, wait, &message, fds, run_count_guest_fds(run));
                if (r == 0 && wait && !executing)
                        return report_failure(run->spec->machine, "leader", "", -E_MACHINE_FAILED);
                if (r <= 0)
                        return 0;
                if (message.point == SYNC_FAILED)
                        return report_message(run, &message);
                if (message.point == SYNC_EXECUTING) {
                        executing = true;
                        continue;
                }

                for (size_t i = 0; i < run_count_guest_fds(run); i++)
                        (void) close(fds[i]);
        }
}

static int report_step(const Run *run, const Step *step, int error) {
        char object[RUN_OBJECT_MAX];

        run_object(run, step, object);
        return report_failure(run->spec->machine, step->name, object, error);
}

/* The leader finds it there when its tree stands. Should it have gone by then, it has said why. */
static int release_leader(const Run *run, int sync_fd) {
        int r;

        r = sync_send(sync_fd, &(SyncMessage) { .point = SYNC_ATTACHED }, NULL, 0);
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                return report_failure(run->spec->machine, "leader", "", r);

        return 0;
}

/* What the supervisor goes on with is loaded while the leader mounts, and before there is a payload, which
 * would have nobody. */
static int prepare_supervisor(Run *run) {
        int r;

        r = late_load(run);
        return r < 0 ? report_failure(run->spec->machine, "late", run->object, r) : 0;
}

/* Waits for what the leader has to say until it has become the payload. */
static int follow_leader(Run *run, int sync_fd) {
        SyncMessage message;
        int r;

        r = sync_receive(sync_fd, true, &message, run->guest_fds, run_count_guest_fds(run));
        if (r > 0 && message.point == SYNC_FAILED)
                return report_message(run, &message);
        if (r <= 0)
                return report_failure(run->spec->machine, "leader", "", r < 0 ? r : -E_MACHINE_FAILED);

        r = report_leader(run, sync_fd, true);
        if (r < 0)
                return r;

        return 0;
}

/* Whoever finds a machine may join its leader, which has the host's tree until it has its own. And its
 * journal is linked only if that is there, which the leader may have to make. It says no more than one
 * thing until it is answered, or has gone. */
static int wait_assembled(const Run *run, int sync_fd) {
        struct pollfd p = { .fd = sync_fd, .events = POLLIN };

        if (!run_is_registered(run))
                return 0;

        while (poll(&p, 1, -1) < 0)
                if (errno != EINTR)
                        return -errno;

        return 0;
}

static int attach_leader(Run *run, Start *start, int sync_fd) {
        const Step *step = NULL;
        int r;

        r = wait_assembled(run, sync_fd);
        if (r < 0)
                return report_failure(run->spec->machine, "leader", "", r);

        run_steps_init(run, &start->leader, STAGE_LEADER);
        r = steps_run(&start->leader, &step);
        if (r < 0) {
                int cause = report_leader(run, sync_fd, false);

                return cause < 0 ? cause : report_step(run, step, r);
        }

        r = prepare_supervisor(run);
        if (r >= 0)
                r = release_leader(run, sync_fd);
        if (r >= 0)
                r = follow_leader(run, sync_fd);
        if (r < 0)
                steps_undo(&start->leader);
        return r;
}

/* Should the builder be killed when there is a leader that we do not know of, its
 * end of the socket stays open: so both are looked at. */
static int wait_builder(int builder_pidfd, int sync_fd) {
        struct pollfd fds[] = {
                { .fd = sync_fd, .events = POLLIN },
                { .fd = builder_pidfd, .events = POLLIN },
        };

        while (poll(fds, ELEMENTSOF(fds), -1) < 0)
                if (errno != EINTR)
                        return -errno;

        return 0;
}

/* Waits for the builder's child, and makes it somebody. */
static int follow_builder(Run *run, int builder_pidfd, int sync_fd) {
        SyncMessage message;
        int r;

        r = wait_builder(builder_pidfd, sync_fd);
        if (r >= 0)
                r = sync_receive(sync_fd, false, &message, &run->leader_pidfd, 1);
        if (r > 0 && message.point == SYNC_FAILED)
                return report_message(run, &message);
        if (r > 0)
                r = process_pid(run->leader_pidfd, &run->leader);
        else if (r == 0 || r == -EAGAIN)
                r = -E_MACHINE_FAILED;
        if (r < 0)
                return report_failure(run->spec->machine, "builder", "", r);

        r = map_users(run);
        if (r >= 0)
                r = sync_send(sync_fd, &(SyncMessage) { .point = SYNC_MAPPED }, NULL, 0);
        if (r < 0)
                (void) report_failure(run->spec->machine, "maps", "", r);

        return r;
}

static int clone_builder(Run *run, int *ret_sync_fd) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF, pidfd = -EBADF;
        pid_t pid;
        int r;

        r = sync_pair(&ours, &theirs);
        if (r < 0)
                return report_failure(run->spec->machine, "clone", "", r);

        pid = process_clone(CLONE_NEWNS, -EBADF, &pidfd);
        if (pid < 0)
                return report_failure(run->spec->machine, "clone", "", pid);
        if (pid == 0) {
                (void) close(TAKE_FD(ours));
                builder_main(run, theirs);
        }

        (void) close(TAKE_FD(theirs)); /* so that its end is seen */
        r = follow_builder(run, pidfd, ours);
        reap(pidfd);
        if (r < 0) {
                if (run->leader_pidfd >= 0)
                        reap(run->leader_pidfd);
                return r;
        }

        *ret_sync_fd = TAKE_FD(ours);
        return 0;
}

static int bear_leader(Run *run, int *ret_sync_fd) {
        int r;

        if (run_has_users(run))
                return clone_builder(run, ret_sync_fd);

        r = clone_leader(run, ret_sync_fd);
        return r < 0 ? report_failure(run->spec->machine, "clone", "", r) : 0;
}

/* Those that we were started with, for the payload. Who gets none does not wait for what looks. */
static int count_sockets(Run *run) {
        int r;

        if (!getenv("LISTEN_FDS"))
                return 0;

        r = late_load(run);
        if (r >= 0)
                r = run->late->listen_fds(/* unset_environment= */ false);
        if (r < 0)
                return r;

        run->n_listen_fds = (unsigned) r;
        return 0;
}

int start_run(Run *run, Start *start) {
        _cleanup_close_ int sync_fd = -EBADF;
        const Step *step = NULL;
        int r;

        assert(run);
        assert(start);

        r = count_sockets(run);
        if (r < 0)
                return report_failure(run->spec->machine, "sockets", run->object, r);

        run_steps_init(run, &start->host, STAGE_HOST);
        r = steps_run(&start->host, &step);
        if (r < 0)
                return report_step(run, step, r);

        r = bear_leader(run, &sync_fd);
        if (r < 0) {
                steps_undo(&start->host);
                return r;
        }

        r = attach_leader(run, start, sync_fd);
        if (r < 0) {
                reap(run->leader_pidfd);
                steps_undo(&start->host);
        }

        return r;
}

void start_undo(Start *start) {
        const Run *run;

        assert(start);

        run = start->host.subject;
        steps_undo(&start->leader);
        steps_undo(&start->host);
        reap(run->leader_pidfd);
}
