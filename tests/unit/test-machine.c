/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "daemon/core/creation.h"
#include "daemon/core/idmap.h"
#include "daemon/core/registry.h"
#include "daemon/core/sight.h"
#include "lib/base/text.h"
#include "tests/lib/sleeper.h"
#include "tests/test.h"

/* Which processes a request means */

TEST(a_leader_is_named_by_number_by_pidfd_or_not_at_all) {
        _cleanup_close_ int us = -EBADF;
        pid_t pid = start_sleeper();
        CreateRequest q = { .leader = pid };
        const char *text = NULL;

        us = process_open(getpid());
        CHECK_OK(us);
        CHECK_OK(create_request_hold(&q, us, &text));
        CHECK(q.leader == pid && q.leader_fd > 0 && q.supervisor_fd > 0);
        create_request_done(&q);

        q.leader_fd = process_open(pid);
        CHECK_OK(create_request_hold(&q, -EBADF, &text));
        CHECK(q.leader == pid && q.supervisor_fd == 0);
        create_request_done(&q);

        CHECK_OK(create_request_hold(&q, us, &text));
        CHECK(q.leader == getpid() && q.supervisor_fd == 0);
        create_request_done(&q);

        CHECK_ERR(create_request_hold(&q, -EBADF, &text), EINVAL);
        create_request_done(&q);
        end_sleeper(pid);
}

TEST(what_tells_of_the_leader_must_agree) {
        pid_t pid = start_sleeper();
        ProcessIdentity identity;
        CreateRequest q = { .leader = getpid(), .leader_fd = process_open(pid) };
        const char *text = NULL;

        CHECK_ERR(create_request_hold(&q, -EBADF, &text), EINVAL);
        CHECK(text);
        create_request_done(&q);

        q = (CreateRequest) { .leader_fd = process_open(pid) };
        CHECK_OK(process_identify(q.leader_fd, &identity));
        q.leader_pidfd_id = identity.pidfd_id + 1;
        CHECK_ERR(create_request_hold(&q, -EBADF, &text), EINVAL);
        create_request_done(&q);

        q = (CreateRequest) { .leader = pid, .leader_pidfd_id = identity.pidfd_id + 1 };
        CHECK_ERR(create_request_hold(&q, -EBADF, &text), ESRCH);
        create_request_done(&q);

        q = (CreateRequest) { .leader = pid, .leader_pidfd_id = identity.pidfd_id };
        CHECK_OK(create_request_hold(&q, -EBADF, &text));
        create_request_done(&q);

        q = (CreateRequest) { .leader_fd = dup(STDIN_FILENO) };
        CHECK_ERR(create_request_hold(&q, -EBADF, &text), EINVAL);
        create_request_done(&q);

        end_sleeper(pid);
        q = (CreateRequest) { .leader = pid };
        CHECK_ERR(create_request_hold(&q, -EBADF, &text), ESRCH);
        create_request_done(&q);
}

/* Who has registered a machine may have its supervisor signalled. */
TEST(a_caller_s_number_that_is_another_user_s_is_no_supervisor) {
        _cleanup_close_ int us = -EBADF;
        pid_t pid = start_sleeper();
        CreateRequest q = { .leader = pid, .uid = getuid() + 1 };
        const char *text = NULL;

        us = process_open(getpid());
        CHECK_OK(us);
        CHECK_OK(create_request_hold(&q, us, &text));
        CHECK(q.supervisor_fd == 0);
        create_request_done(&q);
        end_sleeper(pid);
}

TEST(a_scope_s_properties_are_not_all_a_user_s_to_set) {
        static const char *const refused[] = {
                "PIDs", "PIDFDs", "SuccessAction", "FailureAction", "OnFailure", "Requires", "User",
                "Delegate", "IPIngressFilterPath", "", "memoryMax",
        };
        Property property = { .name = (char *) "MemoryMax" };
        CreateRequest q = { .uid = 1000, .properties = { .list = &property, .n = 1 } };
        const char *text = NULL;

        CHECK_OK(create_request_check_rights(&q, &text));
        property.name = (char *) "Slice";
        CHECK_OK(create_request_check_rights(&q, &text));

        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                property.name = (char *) refused[i];
                q.uid = 1000;
                CHECK_ERR(create_request_check_rights(&q, &text), EACCES);
                CHECK(text);
                q.uid = 0;
                CHECK_OK(create_request_check_rights(&q, &text));
        }
}

/* Where machines are */

static Entry *add(Registry *r, const char *name, pid_t leader, uid_t uid, const char *cgroup,
                  const char *subgroup) {

        MachineInfo info = {
                .name = strdup(name),
                .leader = leader,
                .uid = uid,
                .cgroup = strdup(cgroup),
                .unit = strdup(strrchr(cgroup, '/') + 1),
                .subgroup = subgroup ? strdup(subgroup) : NULL,
        };
        Machine *m = NULL;
        Entry *e = NULL;

        CHECK_OK(machine_new(&info, -EBADF, &m));
        CHECK_OK(registry_add(r, m, NULL, &e));
        CHECK_OK(registry_add_unit(r, e));
        return e;
}

static void clear(Registry *r) {
        Entry *e;

        while ((e = registry_next(r, NULL)))
                registry_drop(r, e);
        CHECK(!r->by_name && !r->by_leader && !r->places && !r->owners);
}

TEST(the_smallest_part_of_a_unit_that_is_a_machine_s_counts) {
        Registry r = {};
        Entry *web, *db, *deep;

        web = add(&r, "web", 10, 0, "/machine.slice/many.service", "web");
        db = add(&r, "db", 11, 0, "/machine.slice/many.service", "db");
        deep = add(&r, "deep", 12, 0, "/machine.slice/many.service", "db/x/payload");

        CHECK(registry_find_unit(&r, "many.service", "web") == web);
        CHECK(registry_find_unit(&r, "many.service", "web/init.scope") == web);
        CHECK(registry_find_unit(&r, "many.service", "webs") == web); /* the first stands for the rest */
        CHECK(registry_find_unit(&r, "many.service", "db/x") == db);
        CHECK(registry_find_unit(&r, "many.service", "db/x/payload/y") == deep);
        CHECK(registry_find_unit(&r, "many.service", "") == web);
        CHECK(!registry_find_unit(&r, "few.service", ""));
        CHECK(registry_shares_unit(web));

        registry_drop(&r, db);
        CHECK(registry_find_unit(&r, "many.service", "db/x/payload") == deep);
        registry_drop(&r, deep);
        CHECK(!registry_shares_unit(web));
        clear(&r);
}

TEST(a_user_s_word_gives_no_unit_away) {
        Registry r = {};
        Entry *e;

        e = add(&r, "mine", 10, 1000, "/system.slice/cron.service", NULL);
        CHECK(!machine_info_holds_unit(machine_info(e->machine)));
        CHECK(!registry_find_unit(&r, "cron.service", ""));

        e = add(&r, "mine2", 11, 1000, "/user.slice/user-1000.slice/user@1000.service", "app.slice/x.scope");
        CHECK(!machine_info_holds_unit(machine_info(e->machine)));
        CHECK(!registry_find_unit(&r, "user@1000.service", "app.slice/x.scope"));

        /* Nor does root's, where that is but a part. */
        e = add(&r, "ours", 12, 0, "/user.slice/user-1000.slice/user@1000.service", "app.slice/y.scope");
        CHECK(!machine_info_holds_unit(machine_info(e->machine)));
        CHECK(registry_find_unit(&r, "user@1000.service", "app.slice/y.scope") == e);
        CHECK(!registry_find_unit(&r, "user@1000.service", "app.slice"));

        e = add(&r, "nspawn", 13, 0, "/machine.slice/systemd-nspawn@web.service", "payload");
        CHECK(machine_info_holds_unit(machine_info(e->machine)));
        CHECK(registry_find_unit(&r, "systemd-nspawn@web.service", "supervisor") == e);
        clear(&r);
}

TEST(machines_of_others_than_root_are_counted) {
        Registry r = {};
        Entry *e;

        e = add(&r, "a", 10, 1000, "/user.slice/session-1.scope", NULL);
        (void) add(&r, "b", 11, 1000, "/user.slice/session-1.scope", NULL);
        (void) add(&r, "c", 12, 1001, "/user.slice/session-2.scope", NULL);
        (void) add(&r, "d", 13, 0, "/user.slice/session-3.scope", NULL);
        CHECK(registry_count(&r, 1000) == 2 && registry_count(&r, 1001) == 1);
        CHECK(registry_count(&r, 0) == 0 && registry_count(&r, 1002) == 0);
        registry_drop(&r, e);
        CHECK(registry_count(&r, 1000) == 1);
        clear(&r);
}

TEST(a_supervisor_is_signalled_only_if_it_is_who_it_was) {
        pid_t leader = start_sleeper(), supervisor = start_sleeper();
        MachineInfo info = { .name = strdup("web"), .leader = leader, .supervisor = supervisor };
        _cleanup_(machine_freep) Machine *m = NULL;
        int status;

        CHECK_OK(machine_new(&info, process_open(leader), &m));
        CHECK_ERR(machine_kill(m, KILL_SUPERVISOR, SIGTERM), ESRCH);

        {
                _cleanup_close_ int fd = process_open(supervisor);

                CHECK_OK(process_identify(fd, &machine_info_edit(m)->supervisor_identity));
        }
        CHECK_OK(machine_kill(m, KILL_SUPERVISOR, SIGTERM));
        CHECK(waitpid(supervisor, &status, 0) == supervisor && WTERMSIG(status) == SIGTERM);
        CHECK_ERR(machine_kill(m, KILL_SUPERVISOR, SIGTERM), ESRCH);
        CHECK_OK(machine_kill(m, KILL_LEADER, SIGCONT));
        end_sleeper(leader);
}

/* A program of its own: valgrind has handlers for all signals of those that it runs. */
static pid_t start_program(void) {
        char *argv[] = { (char *) "sleep", (char *) "infinity", NULL }, *environment[] = { NULL };
        pid_t pid;

        CHECK(posix_spawn(&pid, "/bin/sleep", NULL, NULL, argv, environment) == 0);
        return pid;
}

/* It does not know systemd's words. */
TEST(a_request_to_power_off_goes_to_berth_run_where_the_init_knows_no_such_word) {
        pid_t leader = start_program(), supervisor = start_program();
        MachineInfo info = { .name = strdup("web"), .leader = leader, .supervisor = supervisor };
        _cleanup_close_ int fd = process_open(supervisor);
        _cleanup_(machine_freep) Machine *m = NULL;
        int status;

        CHECK_OK(process_identify(fd, &info.supervisor_identity));
        info.service = strdup("berth-run");
        CHECK_OK(machine_new(&info, process_open(leader), &m));
        CHECK_OK(machine_kill(m, KILL_LEADER, SIGRTMIN + 4));
        CHECK(waitpid(supervisor, &status, 0) == supervisor && WTERMSIG(status) == SIGRTMIN + 4);
        CHECK_OK(machine_kill(m, KILL_LEADER, SIGCONT));
        CHECK(process_is_alive(machine_leader_fd(m)));

        /* Another service may not. */
        free(machine_info_edit(m)->service);
        machine_info_edit(m)->service = strdup("story");
        CHECK_OK(machine_kill(m, KILL_LEADER, SIGRTMIN + 4));
        CHECK(waitpid(leader, &status, 0) == leader && WTERMSIG(status) == SIGRTMIN + 4);
}

TEST(who_is_not_the_owner_s_any_more_is_not_signalled) {
        pid_t leader = start_sleeper(), supervisor = start_sleeper();
        MachineInfo info = { .name = strdup("web"), .leader = leader, .supervisor = supervisor };
        _cleanup_close_ int fd = process_open(supervisor);
        _cleanup_(machine_freep) Machine *m = NULL;

        CHECK_OK(process_identify(fd, &info.supervisor_identity));
        info.uid = getuid() + 1;
        CHECK_OK(machine_new(&info, process_open(leader), &m));
        CHECK_ERR(machine_kill(m, KILL_LEADER, SIGKILL), EACCES);
        CHECK_ERR(machine_kill(m, KILL_SUPERVISOR, SIGKILL), EACCES);
        CHECK(process_is_alive(machine_leader_fd(m)) && process_is_alive(fd));

        machine_info_edit(m)->uid = getuid();
        CHECK_OK(machine_kill(m, KILL_LEADER, SIGCONT));
        CHECK_OK(machine_kill(m, KILL_SUPERVISOR, SIGCONT));
        end_sleeper(leader);
        end_sleeper(supervisor);
}

/* Users of machines */

static Machine *make_machine(const char *name, MachineClass class, pid_t leader) {
        MachineInfo info = { .name = strdup(name), .class = class, .leader = leader };
        Machine *m = NULL;

        CHECK_OK(machine_new(&info, process_open(leader), &m));
        return m;
}

static void set_map(Machine *m, const char *users, const char *groups) {
        CHECK_OK(idmap_parse(users, machine_id_map(m, ID_USER)));
        CHECK_OK(idmap_parse(groups, machine_id_map(m, ID_GROUP)));
}

TEST(without_a_user_namespace_users_are_who_they_are) {
        _cleanup_(machine_freep) Machine *m = NULL, *vm = NULL;
        pid_t pid = start_sleeper();
        uint32_t id;

        m = make_machine("web", MACHINE_CONTAINER, pid);
        CHECK_OK(machine_id_to_host(m, ID_USER, 0, &id));
        CHECK(id == 0);
        CHECK_OK(machine_uid_shift(m, &id));
        CHECK(id == 0);

        vm = make_machine("vm", MACHINE_VM, pid);
        CHECK_ERR(machine_id_to_host(vm, ID_USER, 0, &id), EINVAL);
        CHECK_ERR(machine_uid_shift(vm, &id), EOPNOTSUPP);
        end_sleeper(pid);
        CHECK_ERR(machine_uid_shift(m, &id), ESRCH);
}

TEST(a_shift_is_one_range_for_users_and_groups) {
        static const struct {
                const char *users, *groups;
                uint32_t shift; /* 0: none */
        } table[] = {
                { "0 100000 65536\n", "0 100000 65536\n", 100000 },
                { "0 100000 65534\n", "0 100000 65534\n", 100000 },
                { "0 100000 65533\n", "0 100000 65533\n", 0 },
                { "1 100000 65536\n", "1 100000 65536\n", 0 },
                { "0 100000 65536\n", "0 200000 65536\n", 0 },
                { "0 100000 65536\n65536 300000 1\n", "0 100000 65536\n65536 300000 1\n", 0 },
        };
        pid_t pid = start_sleeper();

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(machine_freep) Machine *m = make_machine("web", MACHINE_CONTAINER, pid);
                uint32_t shift = 1;

                set_map(m, table[i].users, table[i].groups);
                if (table[i].shift == 0)
                        CHECK_ERR(machine_uid_shift(m, &shift), EOPNOTSUPP);
                else
                        CHECK_OK(machine_uid_shift(m, &shift));
                CHECK(shift == (table[i].shift ?: 1));
        }
        end_sleeper(pid);
}

static void check_found(IdMaps *i, IdKind kind, uint32_t id, Machine *wanted, uint32_t wanted_inside) {
        uint32_t inside = 0;
        Machine *m = NULL;

        CHECK_OK(idmaps_find(i, kind, id, &m, &inside));
        CHECK(m == wanted);
        CHECK(inside == wanted_inside);
}

TEST(users_of_the_host_are_found_in_their_machines) {
        _cleanup_(machine_freep) Machine *a = NULL, *b = NULL, *wide = NULL, *host = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(idmaps_freep) IdMaps *i = NULL;
        pid_t pid = start_sleeper();
        uint32_t id;
        Machine *m;

        CHECK_OK(sd_event_new(&event));
        CHECK_OK(idmaps_new(event, &i));
        a = make_machine("a", MACHINE_CONTAINER, pid);
        b = make_machine("b", MACHINE_CONTAINER, pid);
        wide = make_machine("wide", MACHINE_CONTAINER, pid);
        host = make_machine("host", MACHINE_CONTAINER, pid);
        set_map(a, "0 131072 65536\n", "0 131072 10\n");
        set_map(b, "0 1000 1\n1 262144 1000\n", "0 262144 1000\n");
        set_map(wide, "0 65536 1000000\n", "0 65536 1000000\n");

        CHECK_OK(idmaps_add(i, a));
        CHECK_OK(idmaps_add(i, wide));
        CHECK_OK(idmaps_add(i, host));
        CHECK_OK(idmaps_add(i, b));

        check_found(i, ID_USER, 131072, a, 0);
        check_found(i, ID_USER, 131072 + 65535, a, 65535);
        check_found(i, ID_USER, 131071, wide, 131071 - 65536);
        check_found(i, ID_USER, 131072 + 65536, wide, 131072);
        check_found(i, ID_USER, 262145, b, 2);
        check_found(i, ID_USER, 262144 + 1000, wide, 262144 + 1000 - 65536);
        check_found(i, ID_GROUP, 131072 + 10, wide, 65546);
        CHECK_ERR(idmaps_find(i, ID_USER, 1000, &m, &id), E_NO_SUCH_USER_MAPPING);
        CHECK_ERR(idmaps_find(i, ID_USER, 65535, &m, &id), E_NO_SUCH_USER_MAPPING);
        CHECK_ERR(idmaps_find(i, ID_USER, 1065536, &m, &id), E_NO_SUCH_USER_MAPPING);
        CHECK_ERR(idmaps_find(i, ID_GROUP, UINT32_MAX, &m, &id), E_NO_SUCH_GROUP_MAPPING);

        idmaps_drop(i, wide);
        CHECK_ERR(idmaps_find(i, ID_USER, 131071, &m, &id), E_NO_SUCH_USER_MAPPING);
        check_found(i, ID_USER, 131072, a, 0);
        idmaps_drop(i, a);
        idmaps_drop(i, a);
        CHECK_ERR(idmaps_find(i, ID_USER, 131072, &m, &id), E_NO_SUCH_USER_MAPPING);
        end_sleeper(pid);
}

TEST(many_machines_are_all_found_whatever_comes_and_goes) {
        enum { N = 200 };
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(idmaps_freep) IdMaps *i = NULL;
        pid_t pid = start_sleeper();
        Machine *machines[N], *m;
        uint32_t id;

        CHECK_OK(sd_event_new(&event));
        CHECK_OK(idmaps_new(event, &i));

        /* Not in the order of their ranges; looked for when some, one, and many are new. */
        for (unsigned k = 0; k < N; k++) {
                char name[16], map[64];

                (void) snprintf(name, sizeof(name), "m%u", k);
                (void) snprintf(map, sizeof(map), "0 %u 65536\n", (1 + k * 37 % N) * 65536);
                machines[k] = make_machine(name, MACHINE_CONTAINER, pid);
                set_map(machines[k], map, map);
                CHECK_OK(idmaps_add(i, machines[k]));
                if (k % 5 == 0 && k < N / 2)
                        check_found(i, ID_USER, (1 + k * 37 % N) * 65536 + k, machines[k], k);
        }

        for (unsigned k = 0; k < N; k++) {
                check_found(i, ID_USER, (1 + k * 37 % N) * 65536 + k, machines[k], k);
                idmaps_drop(i, machines[k]);
                CHECK_ERR(idmaps_find(i, ID_USER, (1 + k * 37 % N) * 65536, &m, &id),
                          E_NO_SUCH_USER_MAPPING);
                (void) machine_free(machines[k]);
        }
        end_sleeper(pid);
}

/* Its manager writes the maps when it likes; until then there are none. */
TEST(maps_that_are_written_late_are_found) {
        _cleanup_(machine_freep) Machine *m = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(idmaps_freep) IdMaps *i = NULL;
        int ready[2];
        char byte;
        pid_t pid;
        uint32_t id;
        Machine *found;

        CHECK_OK(pipe(ready));
        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                byte = unshare(CLONE_NEWUSER) < 0;
                (void) !write(ready[1], &byte, 1);
                (void) pause();
                _exit(EXIT_FAILURE);
        }
        CHECK(read(ready[0], &byte, 1) == 1);
        (void) close(ready[0]);
        (void) close(ready[1]);
        if (byte)
                end_sleeper(pid);
        SKIP_UNLESS(!byte, "user namespaces");

        CHECK_OK(sd_event_new(&event));
        CHECK_OK(idmaps_new(event, &i));
        m = make_machine("late", MACHINE_CONTAINER, pid);
        CHECK_OK(idmaps_add(i, m));
        while (sd_event_run(event, 0) > 0)
                ;
        CHECK_ERR(idmaps_find(i, ID_USER, 70000, &found, &id), E_NO_SUCH_USER_MAPPING);

        set_map(m, "0 65536 65536\n", "0 65536 65536\n");
        check_found(i, ID_USER, 70000, m, 70000 - 65536);
        idmaps_drop(i, m);
        CHECK_ERR(idmaps_find(i, ID_USER, 70000, &found, &id), E_NO_SUCH_USER_MAPPING);
        end_sleeper(pid);
}

/* What was seen */

TEST(addresses_that_stay_are_told_until_they_change) {
        const NetlinkAddress seen[2] = { { .ifindex = 1 }, { .ifindex = 2 } };
        _cleanup_(sight_done) Sight s = {};

        CHECK(!sight_knows_addresses(&s));
        sight_note_addresses(&s, seen, 1, /* stay= */ false);
        CHECK(sight_knows_addresses(&s) && s.n_addresses == 1);
        s.addresses_at -= SIGHT_USEC;
        CHECK(!sight_knows_addresses(&s));

        sight_note_addresses(&s, seen, 2, /* stay= */ true);
        s.addresses_at -= SIGHT_USEC;
        CHECK(sight_knows_addresses(&s) && s.n_addresses == 2);

        /* Somebody who has asked has seen what was there before. */
        sight_note_addresses(&s, seen, 1, /* stay= */ false);
        CHECK(sight_knows_addresses(&s) && s.n_addresses == 2);

        sight_note_change(&s);
        CHECK(!sight_knows_addresses(&s) && s.n_addresses == 0 && s.n_changes == 1);
}

TEST(a_system_is_known_until_it_was_looked_at_again) {
        char *pairs[] = { (char *) "ID", (char *) "debian", NULL };
        _cleanup_(sight_done) Sight s = {};

        CHECK(!sight_knows_os(&s) && sight_is_old(&s));
        sight_note_os(&s, pairs);
        CHECK(sight_knows_os(&s) && !sight_is_old(&s));
        s.os_at -= SIGHT_OLD_USEC;
        CHECK(sight_knows_os(&s) && sight_is_old(&s));
        CHECK_STREQ(s.os_id, "debian");
}

TEST_MAIN()
