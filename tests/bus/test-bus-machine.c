/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

#define CREATE "sayssusa(sv)"

static bool leader_lives(Fixture *f) {
        return waitpid(f->leader, NULL, WNOHANG) == 0;
}

static void wait_for_removal(Fixture *f) {
        while (f->n_removed == 0)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));
}

TEST(a_machine_is_announced_before_its_creation_is_answered) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);

        CHECK(f.n_added == 1);
        CHECK(f.scope.n_started == 1);
        CHECK_STREQ(f.scope.unit, "machine-web.scope");
        CHECK(fixture_has_state(&f, "web"));
}

TEST(a_machine_ends_when_its_leader_does) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(kill(f.leader, SIGKILL));
        wait_for_removal(&f);

        CHECK(f.scope.n_released == 1);
        CHECK(!fixture_has_state(&f, "web"));
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachine", "s", "web");
        check_error(reply, "org.freedesktop.machine1.NoSuchMachine");
}

static void check_refused(
                Fixture *f,
                const char *name,
                const char *class,
                uint32_t leader,
                const char *root) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        reply = fixture_call(f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", CREATE, name, 0,
                             "test", class,
                             leader, root, 0);
        check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(f->scope.n_started == 0);
        CHECK(!fixture_has_state(f, name));
}

TEST(bad_arguments_create_nothing) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_refused(&f, "../web", "container", (uint32_t) f.leader, "");
        check_refused(&f, ".host", "container", (uint32_t) f.leader, "");
        check_refused(&f, "web", "host", (uint32_t) f.leader, "");
        check_refused(&f, "web", "", (uint32_t) f.leader, "");
        check_refused(&f, "web", "container", 1, "");
        check_refused(&f, "web", "container", UINT32_MAX, "");
        check_refused(&f, "web", "container", (uint32_t) f.leader, "relative");
        check_refused(&f, "web", "container", (uint32_t) f.leader, "/line\nbreak");
}

TEST(an_id_has_no_or_sixteen_bytes) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", CREATE, "web", 3, 1,
                             2, 3, "test",
                             "container", f.leader, "", 0);
        check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(!fixture_has_state(&f, "web"));
}

TEST(a_dead_leader_is_refused) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(kill(f.leader, SIGKILL));
        CHECK_OK(waitid(P_PID, (id_t) f.leader, NULL, WEXITED | WNOWAIT));
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", CREATE, "web", 0, "test",
                             "container", f.leader, "", 0);

        check_error(reply, SD_BUS_ERROR_UNIX_PROCESS_ID_UNKNOWN);
        CHECK(!fixture_has_state(&f, "web"));
}

TEST(a_name_is_taken_from_the_request_on) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *first = NULL, *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.replies_scope = false;
        first = fixture_send(&f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", CREATE, "web", 0, "test",
                             "container", f.leader, "", 0);
        CHECK(f.scope.n_started == 1);

        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", CREATE, "web", 0, "test",
                             "container", f.leader, "", 0);
        check_error(reply, "org.freedesktop.machine1.MachineExists");
        CHECK(f.scope.n_started == 1);

        reply = sd_bus_message_unref(reply);
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachine", "s", "web");
        check_error(reply, "org.freedesktop.machine1.NoSuchMachine");

        fake_scope_answer(&f.scope, 0);
        CHECK(manager_find(f.manager, "web"));
}

TEST(a_scope_that_fails_leaves_nothing) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *first = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.replies_scope = false;
        first = fixture_send(&f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", CREATE, "web", 0, "test",
                             "container", f.leader, "", 0);
        CHECK(fixture_has_state(&f, "web"));

        fake_scope_answer(&f.scope, -E_JOB_FAILED);
        fixture_settle(&f);
        CHECK(!fixture_has_state(&f, "web"));
        CHECK(!manager_find(f.manager, "web"));
        CHECK(f.n_added == 0);
}

TEST(a_machine_survives_its_daemon) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        fixture_restart(&f);

        CHECK(manager_find(f.manager, "web"));
        while (f.n_added < 2)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        CHECK(f.scope.n_released == 0);
        CHECK(leader_lives(&f));
}

TEST(what_a_daemon_began_and_did_not_finish_is_removed) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *first = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.replies_scope = false;
        first = fixture_send(&f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", CREATE, "web", 0, "test",
                             "container", f.leader, "", 0);
        fixture_restart(&f);

        CHECK(!manager_find(f.manager, "web"));
        CHECK(f.scope.n_released == 1);
        CHECK_STREQ(f.scope.unit, "machine-web.scope");
        CHECK(!fixture_has_state(&f, "web"));
}

TEST(a_machine_that_ended_while_no_daemon_was_there_is_collected) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(kill(f.leader, SIGKILL));
        CHECK_OK(waitid(P_PID, (id_t) f.leader, NULL, WEXITED | WNOWAIT));
        fixture_restart(&f);

        CHECK(!manager_find(f.manager, "web"));
        CHECK(f.scope.n_released == 1);
        CHECK(!fixture_has_state(&f, "web"));
}

TEST(kill_is_done_once_polkit_grants) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        reply = fixture_call(&f, WEB, MACHINE1_MACHINE, "Kill", "si", "leader", SIGKILL);

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_STREQ(f.action, "org.freedesktop.machine1.manage-machines");
        wait_for_removal(&f);
        CHECK(!leader_lives(&f));
}

TEST(a_peer_is_not_who_it_says_it_is) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.bus.senders.list[0].name = strdup(":1.7");
        f.bus.senders.list[0].uid = getuid() + 1;
        f.bus.senders.list[0].pid = f.leader;

        fixture_create(&f);
        CHECK(machine_info(manager_find(f.manager, "web"))->uid == getuid());
        CHECK(machine_info(manager_find(f.manager, "web"))->supervisor == getpid());
        CHECK(!f.bus.senders.list[1].name);
}

TEST(kill_is_not_done_if_polkit_refuses) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *object = NULL, *manager = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.except = "org.freedesktop.machine1.manage-machines";

        object = fixture_call(&f, WEB, MACHINE1_MACHINE, "Kill", "si", "leader", SIGKILL);
        check_error(object, SD_BUS_ERROR_ACCESS_DENIED);
        manager = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "KillMachine", "ssi", "web",
                               "leader", SIGKILL);
        check_error(manager, SD_BUS_ERROR_ACCESS_DENIED);
        CHECK(f.n_asked == 1 + 2);
        CHECK_STREQ(f.machine, "web");
        CHECK(leader_lives(&f));
}

TEST(somebody_is_asked_for_a_password_if_the_caller_has_it_so) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);

        for (int allowed = 0; allowed < 2; allowed++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

                CHECK_OK(sd_bus_set_allow_interactive_authorization(f.pair.client, allowed));
                reply = fixture_call(&f, WEB, MACHINE1_MACHINE, "Kill", "si", "leader", SIGCONT);
                CHECK(!sd_bus_message_is_method_error(reply, NULL));
                CHECK(f.n_asked == 2U + (unsigned) allowed);
                CHECK(f.interactive == allowed);
        }
}

TEST(terminate_and_unregister_need_to_be_granted) {
        static const char *const methods[] = { "TerminateMachine", "UnregisterMachine" };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.grants = false;

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

                reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, methods[i], "s", "web");
                check_error(reply, SD_BUS_ERROR_ACCESS_DENIED);
                CHECK(manager_find(f.manager, "web"));
                CHECK(leader_lives(&f));
        }
}

TEST(an_answer_that_comes_after_the_machine_has_gone_kills_nobody) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.hesitates = true;
        call = fixture_send(&f, WEB, MACHINE1_MACHINE, "Kill", "si", "all", SIGKILL);
        CHECK(f.asked);

        CHECK_OK(kill(f.leader, SIGKILL));
        wait_for_removal(&f);
        CHECK_OK(sd_bus_reply_method_return(f.asked, "(bba{ss})", true, false, 0));
        fixture_settle(&f);
        CHECK(f.n_removed == 1);
}

TEST(open_questions_are_bounded) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.hesitates = true;

        for (unsigned i = 0; i < POLKIT_QUESTIONS_PER_USER; i++) {
                sd_bus_message_unref(fixture_send(&f, WEB, MACHINE1_MACHINE, "Kill", "si", "all", SIGKILL));
                f.asked = sd_bus_message_unref(f.asked);
        }

        reply = fixture_call(&f, WEB, MACHINE1_MACHINE, "Kill", "si", "all", SIGKILL);
        check_error(reply, SD_BUS_ERROR_LIMITS_EXCEEDED);
        CHECK(leader_lives(&f));
}

TEST(the_host_cannot_be_killed_or_ended) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *terminated = NULL, *killed = NULL, *dropped = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        terminated = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "TerminateMachine", "s", ".host");
        check_error(terminated, SD_BUS_ERROR_NOT_SUPPORTED);
        killed = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "KillMachine", "ssi", ".host", "all",
                              SIGCONT);
        check_error(killed, SD_BUS_ERROR_NOT_SUPPORTED);
        dropped = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "UnregisterMachine", "s", ".host");
        check_error(dropped, SD_BUS_ERROR_NOT_SUPPORTED);
        CHECK(f.scope.n_stopped == 0);
}

TEST(the_os_release_is_read_by_a_worker) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        const char *key, *value;

        fixture_init(&f);
        fixture_create(&f);
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachineOSRelease", "s", "web");

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_OK(sd_bus_message_enter_container(reply, 'a', "{ss}"));
        CHECK(sd_bus_message_read(reply, "{ss}", &key, &value) > 0);
}

TEST(a_terminal_is_opened_by_a_worker_once_polkit_grants) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        const char *path;
        int fd;

        SKIP_UNLESS(access("/dev/pts/ptmx", R_OK | W_OK) >= 0, "a devpts at /dev/pts");
        fixture_init(&f);
        fixture_create(&f);
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "OpenMachinePTY", "s", "web");
        CHECK_STREQ(f.action, "org.freedesktop.machine1.open-pty");
        CHECK_OK(sd_bus_message_read(reply, "hs", &fd, &path));
        CHECK(isatty(fd));
        CHECK(startswith(path, "/dev/pts/"));

        reply = sd_bus_message_unref(reply);
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "OpenMachinePTY", "s", ".host");
        CHECK_STREQ(f.action, "org.freedesktop.machine1.host-open-pty");
}

TEST(sessions_that_are_refused_begin_nothing) {
        static const struct {
                const char *method, *action;
                bool is_shell;
        } table[] = {
                { "OpenMachinePTY", "org.freedesktop.machine1.open-pty" },
                { "OpenMachineLogin", "org.freedesktop.machine1.login" },
                { "OpenMachineShell", "org.freedesktop.machine1.shell", true },
        };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.grants = false;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

                reply = table[i].is_shell
                                ? fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, table[i].method,
                                               "sssasas", "web", "", "", 0, 0)
                                : fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, table[i].method,
                                               "s", "web");
                check_error(reply, SD_BUS_ERROR_ACCESS_DENIED);
                CHECK_STREQ(f.action, table[i].action);
                CHECK(workers_count(f.workers) == 0);
        }
}

static void check_no_shell(Fixture *f, const char *user, const char *path, const char *variable) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        unsigned n_asked = f->n_asked;

        reply = fixture_call(f, MACHINE1_PATH "/machine/web", MACHINE1_MACHINE, "OpenShell", "ssasas",
                             user, path, 0, 1, variable);
        check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(f->n_asked == n_asked);
}

TEST(nobody_is_asked_about_a_shell_that_cannot_be) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        check_no_shell(&f, "-x", "/bin/sh", "A=b");
        check_no_shell(&f, "root", "bin/sh", "A=b");
        check_no_shell(&f, "root", "/bin/sh", "b");
}

/* What ListMachineDetails() tells of "web", which comes after the host. */
static void check_details(Fixture *f, bool os_known, bool addresses_known) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *name, *id, *version;
        int os, addresses;

        reply = fixture_call(f, MACHINE1_PATH, BERTH_MANAGER, "ListMachineDetails", NULL);
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_OK(sd_bus_message_enter_container(reply, 'a', "(sssbssba(iay))"));
        CHECK_OK(sd_bus_message_skip(reply, "(sssbssba(iay))"));
        CHECK_OK(sd_bus_message_enter_container(reply, 'r', "sssbssba(iay)"));
        CHECK_OK(sd_bus_message_read(reply, "sssbssb", &name, NULL, NULL, &os, &id, &version, &addresses));

        CHECK_STREQ(name, "web");
        CHECK(os == os_known);
        CHECK(isempty(id) == !os_known);
        CHECK(addresses == addresses_known);
}

static void look(Fixture *f) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *os = NULL, *addresses = NULL;

        os = fixture_call(f, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachineOSRelease", "s", "web");
        CHECK(!sd_bus_message_is_method_error(os, NULL));
        addresses = fixture_call(f, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachineAddresses", "s", "web");
        check_error(addresses, "org.freedesktop.machine1.NoPrivateNetworking");
}

TEST(what_somebody_has_seen_in_a_machine_is_in_the_list_of_all) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.trusts_root = true;
        fixture_restart(&f);
        check_details(&f, false, false);
        look(&f);
        check_details(&f, true, true);
}

/* In the fixture, all have to be granted what is not for everybody. */
TEST(the_list_of_all_does_not_tell_what_its_reader_would_have_to_ask_for) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        look(&f);
        CHECK_STREQ(f.action, "org.freedesktop.machine1.inspect-machines");
        check_details(&f, false, true);
}

TEST(what_is_not_understood_starts_nothing) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *option = NULL, *name = NULL, *image = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        option = fixture_call(&f, MACHINE1_PATH, BERTH_MANAGER, "StartMachine", "sa{sv}", "web", 1,
                              "quickly", "b", true);
        check_error(option, SD_BUS_ERROR_INVALID_ARGS);
        name = fixture_call(&f, MACHINE1_PATH, BERTH_MANAGER, "StartMachine", "sa{sv}", "../web", 0);
        check_error(name, SD_BUS_ERROR_INVALID_ARGS);
        image = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "GetImage", "s", "../web");
        check_error(image, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(f.n_asked == 0 && f.scope.n_services == 0);
}

TEST(a_service_that_is_ready_but_has_no_machine_is_a_failure) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        reply = fixture_call(&f, MACHINE1_PATH, BERTH_MANAGER, "StartMachine", "sa{sv}", "web", 0);
        check_error(reply, "org.berth.MachineFailed");
        CHECK(f.scope.n_services == 1);
        CHECK_STREQ(f.action, "org.berth.start-machine");
}

TEST_MAIN()
