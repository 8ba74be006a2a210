/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "daemon/bus/exec.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

/* The program is one of tests/lib/fake-worker.c. */
typedef struct End {
        unsigned n;
        char path[64], how[16];
        int status;
} End;

static int on_exited(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        End *end = userdata;
        const char *how;

        CHECK_OK(sd_bus_message_read(msg, "si", &how, &end->status));
        (void) snprintf(end->path, sizeof(end->path), "%s", sd_bus_message_get_path(msg));
        (void) snprintf(end->how, sizeof(end->how), "%s", how);
        end->n++;
        return 0;
}

static void begin(Fixture *f, End *end) {
        CHECK_OK(setenv("BERTH_WORKER", getenv("FAKE_WORKER"), true));
        fixture_init(f);
        fixture_create(f);
        CHECK_OK(sd_bus_match_signal(f->pair.client, NULL, NULL, NULL, BERTH_PROCESS, "Exited", on_exited,
                                     end));
}

static void wait_for_end(Fixture *f, const End *end) {
        while (end->n == 0)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));
}

static sd_bus_message *call_exec(Fixture *f, const char *program) {
        return fixture_call(f, WEB, BERTH_MACHINE, "Exec", "asa{sv}", 1, program, 0);
}

/* Starts it, and returns the path of its object. */
static void start(Fixture *f, const char *program, char path[static 64]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = call_exec(f, program);
        const char *object, *key;
        uint32_t pid;
        int pidfd;

        CHECK(!sd_bus_message_get_error(reply));
        CHECK_OK(sd_bus_message_read(reply, "o", &object));
        (void) snprintf(path, 64, "%s", object);
        CHECK_OK(sd_bus_message_enter_container(reply, 'a', "{sv}"));
        CHECK_OK(sd_bus_message_read(reply, "{sv}", &key, "u", &pid));
        CHECK_STREQ(key, "pid");
        CHECK_OK(sd_bus_message_read(reply, "{sv}", &key, "h", &pidfd));
        CHECK_STREQ(key, "pidfd");
        CHECK(pid > 0 && pidfd >= 0);
        CHECK(sd_bus_message_at_end(reply, false) > 0);
}

TEST(a_program_is_started_and_its_end_is_told) {
        _cleanup_(fixture_done) Fixture f;
        End end = {};
        char path[64];

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);
        start(&f, "exit", path);
        CHECK_STREQ(f.action, "org.berth.exec");
        CHECK_STREQ(f.machine, "web");

        wait_for_end(&f, &end);
        CHECK(end.n == 1);
        CHECK_STREQ(end.path, path);
        CHECK_STREQ(end.how, "exited");
        CHECK(end.status == 7);
}

TEST(who_is_refused_starts_nothing) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        End end = {};

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);
        f.grants = false;
        reply = call_exec(&f, "stay");
        check_error(reply, SD_BUS_ERROR_ACCESS_DENIED);
        CHECK(workers_count(f.workers) == 0);
        CHECK(!programs_next(operations_programs(f.operations), NULL));
}

TEST(what_keeps_it_from_starting_is_told_and_nothing_is_left) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *refused = NULL, *silent = NULL;
        _cleanup_(fixture_done) Fixture f;
        End end = {};

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);
        refused = call_exec(&f, "refuse");
        check_error(refused, SD_BUS_ERROR_FILE_NOT_FOUND);
        CHECK_STREQ(sd_bus_message_get_error(refused)->message,
                    "Cannot run a program in machine 'web': There is no root");
        silent = call_exec(&f, "silence");
        CHECK(sd_bus_message_get_error(silent));
        CHECK(!programs_next(operations_programs(f.operations), NULL));
        CHECK(end.n == 0);
}

TEST(options_are_known_and_of_their_types) {
        _cleanup_(fixture_done) Fixture f;
        End end = {};

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);

        for (unsigned i = 0; i < 6; i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
                static const struct {
                        const char *key, *type, *value;
                } table[] = {
                        { "unknown", "s", "x" },
                        { "terminal", "s", "yes" },
                        { "stdin", "s", "/dev/null" },
                        { "directory", "s", "relative" },
                        { "user", "s", "a:b" },
                        { "environment", "s", "A=B" },
                };

                reply = fixture_call(&f, WEB, BERTH_MACHINE, "Exec", "asa{sv}", 1, "exit", 1, table[i].key,
                                     table[i].type, table[i].value);
                check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
        }

        CHECK(f.n_asked == 1); /* for the machine */
}

/* Each is well-formed, and makes no sense. */
TEST(what_makes_no_sense_starts_nothing) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *both = NULL, *size = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *name = NULL, *variable = NULL;
        _cleanup_(fixture_done) Fixture f;
        End end = {};

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);

        both = fixture_call(&f, WEB, BERTH_MACHINE, "Exec", "asa{sv}", 1, "exit", 2, "terminal", "b", 1,
                            "stdout", "h", STDERR_FILENO);
        check_error(both, SD_BUS_ERROR_INVALID_ARGS);
        size = fixture_call(&f, WEB, BERTH_MACHINE, "Exec", "asa{sv}", 1, "exit", 1, "rows", "q", 24);
        check_error(size, SD_BUS_ERROR_INVALID_ARGS);
        name = call_exec(&f, "");
        check_error(name, SD_BUS_ERROR_INVALID_ARGS);
        variable = fixture_call(&f, WEB, BERTH_MACHINE, "Exec", "asa{sv}", 1, "exit", 1, "environment", "as",
                                1, "none");
        check_error(variable, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(f.n_asked == 1);
}

TEST(nothing_is_started_in_a_virtual_machine) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *created = NULL, *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        created = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", "sayssusa(sv)", "web",
                               0, "test", "vm", f.leader, "", 0);
        CHECK(!sd_bus_message_get_error(created));
        reply = call_exec(&f, "exit");
        check_error(reply, SD_BUS_ERROR_NOT_SUPPORTED);
}

TEST(programs_of_the_host_are_another_matter) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.except = "org.berth.host-exec";
        reply = fixture_call(&f, HOST, BERTH_MACHINE, "Exec", "asa{sv}", 1, "exit", 0);
        check_error(reply, SD_BUS_ERROR_ACCESS_DENIED);
        CHECK_STREQ(f.action, "org.berth.host-exec");
        CHECK(f.n_asked == 1);
        CHECK(workers_count(f.workers) == 0);
}

/* The machine has ended, its program has not yet, and another machine has its name. */
TEST(programs_are_of_a_machine_and_not_of_a_name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        pid_t other;
        End end = {};
        char path[64];

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);
        start(&f, "stay", path);
        CHECK_OK(kill(f.leader, SIGKILL));
        while (f.n_removed == 0)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));

        other = fork();
        CHECK_OK(other);
        if (other == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
                (void) pause();
                _exit(EXIT_SUCCESS);
        }
        (void) waitpid(f.leader, NULL, 0);
        f.leader = other;
        fixture_create(&f);
        reply = fixture_call(&f, path, BERTH_PROCESS, "Kill", "i", SIGKILL);
        CHECK(sd_bus_message_get_error(reply));
        CHECK(end.n == 0);
}

TEST(a_program_is_signalled_by_who_has_started_it) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *bad = NULL, *resize = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *killed = NULL, *gone = NULL;
        _cleanup_(fixture_done) Fixture f;
        End end = {};
        char path[64];

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);
        start(&f, "stay", path);
        f.grants = false;

        bad = fixture_call(&f, path, BERTH_PROCESS, "Kill", "i", 4711);
        check_error(bad, SD_BUS_ERROR_INVALID_ARGS);
        resize = fixture_call(&f, path, BERTH_PROCESS, "Resize", "qq", 24, 80);
        check_error(resize, "System.Error.ENOTTY");
        CHECK(end.n == 0);

        /* Here, that is who waits for it as well: nobody knows how it has ended. */
        killed = fixture_call(&f, path, BERTH_PROCESS, "Kill", "i", SIGKILL);
        CHECK(!sd_bus_message_get_error(killed));
        wait_for_end(&f, &end);
        CHECK_STREQ(end.how, "lost");
        gone = fixture_call(&f, path, BERTH_PROCESS, "Kill", "i", SIGKILL);
        check_error(gone, SD_BUS_ERROR_UNKNOWN_OBJECT);
}

TEST(programs_are_none_of_the_workers_that_look) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        End end = {};
        char path[64];

        SKIP_UNLESS(geteuid() == 0, "root");
        begin(&f, &end);
        for (unsigned i = 0; i < WORKERS_PER_MACHINE + 4; i++)
                start(&f, "stay", path);

        /* Its fake does not find out: but one was there to say so. */
        reply = fixture_call(&f, WEB, MACHINE1_MACHINE, "GetOSRelease", NULL);
        check_error(reply, SD_BUS_ERROR_TIMEOUT);
        CHECK(end.n == 0);
}

TEST_MAIN()
