/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* OpenConsoleLog() and OpenJournal(); what berth-worker is asked for is asked of tests/lib/fake-worker.c. */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "lib/base/console-log.h"
#include "lib/base/file.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

/* The machine whose journal the fake worker has. */
static const uint8_t id_bytes[16] = {
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
};

static void append_runtime_machine(Fixture *f, sd_bus_message *m) {
        CHECK_OK(sd_bus_message_append(m, "s", "web"));
        CHECK_OK(sd_bus_message_append_array(m, 'y', id_bytes, sizeof(id_bytes)));
        CHECK_OK(sd_bus_message_append(m, "ssusa(sv)", "berth-run", "container", f->leader, "", 0));
}

/* As berth-run registers it. */
static void create_by_runtime(Fixture *f) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        reply = fixture_call_with(f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine",
                                  append_runtime_machine);
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
}

static void end_machine(Fixture *f) {
        CHECK_OK(kill(f->leader, SIGKILL));
        while (f->n_removed == 0)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));
}

static void write_log(Fixture *f, const char *name, const char *text) {
        _cleanup_(console_log_freep) ConsoleLog *log = NULL;

        CHECK_OK(console_log_new(f->consoles, name, &log));
        console_log_write(log, text, strlen(text));
}

/* A file that is full, and begins so. */
static void flood(Fixture *f, const char *name, const char *text) {
        static char line[512];

        write_log(f, name, text);
        memset(line, '.', sizeof(line) - 2);
        line[sizeof(line) - 2] = '\n';
        for (size_t i = 0; i + sizeof(line) - 1 <= CONSOLE_LOG_MAX; i += sizeof(line) - 1)
                write_log(f, name, line);
}

static void check_text(sd_bus_message *reply, const char *begin) {
        _cleanup_free_ char *text = NULL;
        int fd;

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_OK(sd_bus_message_read(reply, "h", &fd));
        CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
        CHECK_OK(fd_read_all(fd, 4 * CONSOLE_LOG_MAX, &text, NULL));
        CHECK(strncmp(text, begin, strlen(begin)) == 0);
}

static sd_bus_message *open_by_name(Fixture *f, const char *name, int previous) {
        return fixture_call(f, MACHINE1_PATH, BERTH_MANAGER, "OpenConsoleLog", "sa{sv}", name, 1,
                            "previous", "b", previous);
}

TEST(what_a_machine_wrote_to_its_console_can_be_read) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        create_by_runtime(&f);
        write_log(&f, "web", "Hello\r\n");
        write_log(&f, "other", "Secret\r\n");
        reply = fixture_call(&f, WEB, BERTH_MACHINE, "OpenConsoleLog", NULL);

        check_text(reply, "Hello\r\n");
        CHECK_STREQ(f.action, "org.berth.read-log");
        CHECK_STREQ(f.machine, "web");
}

TEST(it_can_be_read_when_the_machine_has_gone) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *now = NULL, *before = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        create_by_runtime(&f);
        flood(&f, "web", "first\n");
        write_log(&f, "web", "last\n");
        end_machine(&f);

        now = open_by_name(&f, "web", false);
        check_text(now, "last\n");
        before = open_by_name(&f, "web", true);
        check_text(before, "first\n");
        CHECK_STREQ(f.action, "org.berth.read-log");
        CHECK_STREQ(f.machine, "web");
}

TEST(who_is_refused_gets_no_log) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *of_machine = NULL, *of_manager = NULL, *gone = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *journal = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        create_by_runtime(&f);
        write_log(&f, "web", "Hello\n");
        write_log(&f, "old", "Hello\n");
        f.grants = false;

        of_machine = fixture_call(&f, WEB, BERTH_MACHINE, "OpenConsoleLog", NULL);
        check_error(of_machine, SD_BUS_ERROR_ACCESS_DENIED);
        of_manager = open_by_name(&f, "web", false);
        check_error(of_manager, SD_BUS_ERROR_ACCESS_DENIED);
        gone = open_by_name(&f, "old", false);
        check_error(gone, SD_BUS_ERROR_ACCESS_DENIED);
        journal = fixture_call(&f, WEB, BERTH_MACHINE, "OpenJournal", NULL);
        check_error(journal, SD_BUS_ERROR_ACCESS_DENIED);
        CHECK(f.n_asked == 5); /* once for the machine itself */
}

/* A log of an earlier machine is not the business of who has its name now. */
TEST(machines_of_others_have_no_log) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *of_machine = NULL, *of_manager = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *of_host = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        write_log(&f, "web", "of an earlier one\n");
        fixture_create(&f);

        of_machine = fixture_call(&f, WEB, BERTH_MACHINE, "OpenConsoleLog", NULL);
        check_error(of_machine, SD_BUS_ERROR_NOT_SUPPORTED);
        of_manager = open_by_name(&f, "web", false);
        check_error(of_manager, SD_BUS_ERROR_NOT_SUPPORTED);
        of_host = fixture_call(&f, HOST, BERTH_MACHINE, "OpenConsoleLog", NULL);
        check_error(of_host, SD_BUS_ERROR_NOT_SUPPORTED);
}

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        *(sd_bus_message **) userdata = sd_bus_message_ref(reply);
        return 0;
}

/* While polkit thinks about a log, somebody else comes under that name. */
TEST(a_machine_that_comes_meanwhile_is_not_the_one_asked_for) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *question = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL, *late = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        write_log(&f, "web", "of an earlier one\n");
        f.hesitates = true;
        CHECK_OK(sd_bus_message_new_method_call(f.pair.client, &call, NULL, MACHINE1_PATH, BERTH_MANAGER,
                                                "OpenConsoleLog"));
        CHECK_OK(sd_bus_message_set_sender(call, ":1.7"));
        CHECK_OK(sd_bus_message_append(call, "sa{sv}", "web", 0));
        CHECK_OK(sd_bus_call_async(f.pair.client, NULL, call, on_reply, &late, UINT64_MAX));
        fixture_settle(&f);
        question = TAKE_PTR(f.asked);
        CHECK(question);

        f.hesitates = false;
        fixture_create(&f);
        reply = open_by_name(&f, "web", false);
        check_error(reply, SD_BUS_ERROR_NOT_SUPPORTED);

        CHECK_OK(sd_bus_reply_method_return(question, "(bba{ss})", true, false, 0));
        fixture_settle(&f);
        CHECK(late);
        check_error(late, "org.freedesktop.machine1.NoSuchMachine");
}

TEST(what_there_is_no_log_of_is_told) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *gone = NULL, *here = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *bad = NULL, *unknown = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *before = NULL, *typed = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        create_by_runtime(&f);

        gone = open_by_name(&f, "nothing", false);
        check_error(gone, "org.freedesktop.machine1.NoSuchMachine");
        here = open_by_name(&f, "web", false);
        check_error(here, SD_BUS_ERROR_FILE_NOT_FOUND);
        before = open_by_name(&f, "nothing", true);
        check_error(before, SD_BUS_ERROR_FILE_NOT_FOUND);
        bad = open_by_name(&f, "../web", false);
        check_error(bad, SD_BUS_ERROR_INVALID_ARGS);
        unknown = fixture_call(&f, MACHINE1_PATH, BERTH_MANAGER, "OpenConsoleLog", "sa{sv}", "web", 1,
                               "next", "b", 1);
        check_error(unknown, SD_BUS_ERROR_INVALID_ARGS);
        typed = fixture_call(&f, MACHINE1_PATH, BERTH_MANAGER, "OpenConsoleLog", "sa{sv}", "web", 1,
                             "previous", "s", "yes");
        check_error(typed, SD_BUS_ERROR_INVALID_ARGS);
}

static void use_fake_worker(void) {
        CHECK(getenv("FAKE_WORKER"));
        CHECK_OK(setenv("BERTH_WORKER", getenv("FAKE_WORKER"), true));
}

TEST(a_journal_is_opened_by_a_worker) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        struct stat st, wanted;
        int fd;

        use_fake_worker();

        fixture_init(&f);
        create_by_runtime(&f);
        reply = fixture_call(&f, WEB, BERTH_MACHINE, "OpenJournal", NULL);

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_OK(sd_bus_message_read(reply, "h", &fd));
        CHECK_OK(fstat(fd, &st));
        CHECK_OK(stat("/", &wanted));
        CHECK(st.st_ino == wanted.st_ino && st.st_dev == wanted.st_dev);
        CHECK_STREQ(f.action, "org.berth.read-log");
}

TEST(a_machine_without_a_journal_has_none) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        use_fake_worker();
        fixture_init(&f);
        fixture_create(&f);
        reply = fixture_call(&f, WEB, BERTH_MACHINE, "OpenJournal", NULL);

        check_error(reply, SD_BUS_ERROR_FILE_NOT_FOUND);
}

TEST_MAIN()
