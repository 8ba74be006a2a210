/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <ftw.h>

#include "daemon/core/watch.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/test.h"

#define N_MACHINES 3

/* Machines whose control groups are directories of ours; who listens counts. */
typedef struct World {
        char root[32];
        sd_event *event;
        Watches *watches;
        Machine *machines[N_MACHINES];
        unsigned n_killed, n_frozen, n_thawed;
        uint64_t killed, total;
        Machine *last;
} World;

static void on_out_of_memory(void *userdata, Machine *m, uint64_t killed, uint64_t total) {
        World *w = userdata;

        w->n_killed++;
        w->killed = killed;
        w->total = total;
        w->last = m;
}

static void on_frozen(void *userdata, Machine *m, bool is_frozen) {
        World *w = userdata;

        w->n_frozen += is_frozen;
        w->n_thawed += !is_frozen;
        w->last = m;
}

/* As the kernel's change: in place. */
static void write_file(World *w, const char *group, const char *file, const char *text) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -EBADF;

        CHECK_OK(text_printf(&path, "%s%s/%s", w->root, group, file));
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        CHECK_OK(fd);
        CHECK_OK(fd_write_all(fd, text, strlen(text)));
}

static void make_group(World *w, const char *group) {
        _cleanup_free_ char *path = NULL;

        CHECK_OK(text_printf(&path, "%s%s", w->root, group));
        CHECK_OK(directory_make(path, 0700));
        write_file(w, group, "memory.events", "oom 0\noom_kill 0\n");
        write_file(w, group, "cgroup.events", "populated 1\nfrozen 0\n");
}

static void world_init(World *w) {
        WatchListener listener = { .out_of_memory = on_out_of_memory, .frozen = on_frozen, .userdata = w };

        *w = (World) { .root = "/tmp/test-watch-XXXXXX" };
        CHECK(mkdtemp(w->root));
        CHECK_OK(sd_event_new(&w->event));
        CHECK_OK(watches_new(w->event, w->root, &listener, &w->watches));
}

static Machine *add_machine_as(
                World *w,
                size_t i,
                const char *unit,
                const char *subgroup,
                uid_t uid,
                bool is_new) {

        MachineInfo info = {
                .name = strdup("web"),
                .unit = strdup("x.service"),
                .cgroup = strdup(unit),
                .subgroup = subgroup ? strdup(subgroup) : NULL,
                .uid = uid,
        };

        CHECK_OK(machine_new(&info, -EBADF, &w->machines[i]));
        watches_add(w->watches, w->machines[i], is_new);
        while (sd_event_run(w->event, 0) > 0)
                ;
        return w->machines[i];
}

static Machine *add_machine(World *w, size_t i, const char *unit, const char *subgroup, uid_t uid) {
        return add_machine_as(w, i, unit, subgroup, uid, false);
}

static int remove_one(
                const char *path,
                _unused_ const struct stat *st,
                _unused_ int type,
                _unused_ struct FTW *ftw) {

        return remove(path);
}

static void world_done(World *w) {
        for (size_t i = 0; i < N_MACHINES; i++)
                if (w->machines[i]) {
                        watches_drop(w->watches, w->machines[i]);
                        (void) machine_free(w->machines[i]);
                }
        (void) watches_free(w->watches);
        sd_event_unref(w->event);
        (void) nftw(w->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void run_until(World *w, const unsigned *counter, unsigned n) {
        while (*counter < n)
                CHECK(sd_event_run(w->event, 5 * USEC_PER_SEC) > 0);
}

TEST(processes_that_are_killed_are_counted) {
        _cleanup_(world_done) World w;
        Machine *m;

        world_init(&w);
        make_group(&w, "/a");
        make_group(&w, "/b");
        write_file(&w, "/a", "memory.events", "oom 9\noom_kill 7\n");
        m = add_machine(&w, 0, "/a", NULL, 0);
        (void) add_machine(&w, 1, "/b", NULL, 0);
        CHECK(w.n_killed == 0); /* that was before */
        CHECK(!watch_was_out_of_memory(machine_watch(m)));

        write_file(&w, "/a", "memory.events", "oom 9\noom_kill 10\n");
        run_until(&w, &w.n_killed, 1);
        CHECK(w.last == m);
        CHECK(w.killed == 3 && w.total == 10);
        CHECK(watch_was_out_of_memory(machine_watch(m)));
        CHECK(w.n_frozen == 0 && w.n_thawed == 0);
}

TEST(who_is_frozen_is_told_of_once) {
        _cleanup_(world_done) World w;

        world_init(&w);
        make_group(&w, "/a");
        (void) add_machine(&w, 0, "/a", NULL, 0);

        write_file(&w, "/a", "cgroup.events", "populated 1\nfrozen 1\n");
        run_until(&w, &w.n_frozen, 1);
        write_file(&w, "/a", "cgroup.events", "populated 0\nfrozen 1\n");
        write_file(&w, "/a", "cgroup.events", "populated 0\nfrozen 0\n");
        run_until(&w, &w.n_thawed, 1);
        CHECK(w.n_frozen == 1);
}

TEST(a_flood_of_changes_is_a_few_looks) {
        _cleanup_(world_done) World w;
        uint64_t begin, end;
        unsigned n_rounds = 0;

        world_init(&w);
        make_group(&w, "/a");
        (void) add_machine(&w, 0, "/a", NULL, 0);

        CHECK_OK(sd_event_now(w.event, CLOCK_MONOTONIC, &begin));
        for (unsigned i = 1; i <= 2000; i++) {
                char text[64];

                (void) snprintf(text, sizeof(text), "high %u\noom_kill %u\n", i, i);
                write_file(&w, "/a", "memory.events", text);
                n_rounds += sd_event_run(w.event, 0) > 0;
        }
        while (w.total < 2000)
                CHECK(sd_event_run(w.event, 5 * USEC_PER_SEC) > 0);

        /* Ten a second, the first and the last; a round of the loop may be that of the timer only. */
        CHECK_OK(sd_event_now(w.event, CLOCK_MONOTONIC, &end));
        CHECK(w.n_killed <= (end - begin) / (100 * USEC_PER_MSEC) + 2);
        CHECK(n_rounds < 2000);
}

TEST(machines_in_one_group_are_both_told_of) {
        _cleanup_(world_done) World w;

        world_init(&w);
        make_group(&w, "/a");
        (void) add_machine(&w, 0, "/a", NULL, 0);
        (void) add_machine(&w, 1, "/a", NULL, 0);
        write_file(&w, "/a", "memory.events", "oom_kill 1\n");
        run_until(&w, &w.n_killed, 2);

        watches_drop(w.watches, w.machines[0]);
        write_file(&w, "/a", "memory.events", "oom_kill 2\n");
        run_until(&w, &w.n_killed, 3);
        CHECK(w.last == w.machines[1]);
}

TEST(of_somebody_elses_unit_only_the_machines_part_is_watched) {
        _cleanup_(world_done) World w;

        world_init(&w);
        make_group(&w, "/u");
        make_group(&w, "/u/part");
        (void) add_machine(&w, 0, "/u", "part", 1000);
        (void) add_machine(&w, 1, "/u", NULL, 1000); /* has none */

        write_file(&w, "/u", "memory.events", "oom_kill 1\n");
        write_file(&w, "/u/part", "memory.events", "oom_kill 5\n");
        run_until(&w, &w.n_killed, 1);
        CHECK(w.last == w.machines[0]);
        CHECK(w.killed == 5);
}

TEST(of_a_new_group_nothing_is_missed) {
        _cleanup_(world_done) World w;

        world_init(&w);
        make_group(&w, "/a");
        write_file(&w, "/a", "memory.events", "oom_kill 1\n");
        (void) add_machine_as(&w, 0, "/a", NULL, 0, true);
        CHECK(w.n_killed == 1 && w.total == 1);
}

TEST(a_unit_that_was_divided_meanwhile_is_looked_at_anew) {
        _cleanup_(world_done) World w;
        Machine *m;

        world_init(&w);
        make_group(&w, "/a");
        m = add_machine(&w, 0, "/a", NULL, 0);
        write_file(&w, "/a", "memory.events", "oom 0\noom_kill 1\n");
        watches_renew(w.watches, m); /* before the change was seen */
        CHECK(w.n_killed == 1);
        write_file(&w, "/a", "memory.events", "oom 0\noom_kill 3\n");
        run_until(&w, &w.n_killed, 2);
        CHECK(w.killed == 2);
}

TEST(one_that_goes_before_its_turn_is_forgotten) {
        _cleanup_(world_done) World w;
        Machine *m;

        world_init(&w);
        make_group(&w, "/a");
        m = add_machine(&w, 0, "/a", NULL, 0);
        (void) add_machine(&w, 1, "/a", NULL, 0);
        watches_drop(w.watches, m);
        watches_add(w.watches, m, false);
        watches_drop(w.watches, w.machines[1]);
        watches_add(w.watches, w.machines[1], false);
        watches_drop(w.watches, m);
        while (sd_event_run(w.event, 0) > 0)
                ;
        CHECK(machine_watch(m)->wds[WATCH_MEMORY] == 0);
        CHECK(machine_watch(w.machines[1])->wds[WATCH_MEMORY] > 0);
}

TEST(what_is_not_there_is_not_watched) {
        _cleanup_(world_done) World w;

        world_init(&w);
        (void) add_machine(&w, 0, "/none", NULL, 0);
        (void) add_machine(&w, 1, "/gone", NULL, 0);
        watches_look(w.watches, w.machines[0]);
        CHECK(w.n_killed == 0 && w.n_frozen == 0);
        CHECK(machine_watch(w.machines[1])->wds[WATCH_MEMORY] == 0);
}

TEST_MAIN()
