/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berthctl logs, of machines that keep no journal: what it prints of their consoles. */

#include <ftw.h>

#include "lib/base/console-log.h"
#include "lib/base/text.h"
#include "tests/bus/client-daemon.h"
#include "tests/test.h"

typedef struct Fixture {
        Daemon daemon;
        char consoles[32];
        ConsoleLog *log;
} Fixture;

static int remove_one(
                const char *path,
                _unused_ const struct stat *st,
                _unused_ int type,
                _unused_ struct FTW *ftw) {

        return remove(path);
}

static void fixture_init(Fixture *f) {
        *f = (Fixture) { .consoles = "/tmp/consoles-XXXXXX" };
        CHECK(mkdtemp(f->consoles));
        daemon_init(&f->daemon);
        f->daemon.consoles = f->consoles;
        CHECK_OK(console_log_new(f->consoles, "web", &f->log));
}

static void fixture_done(Fixture *f) {
        console_log_free(f->log);
        daemon_done(&f->daemon);
        (void) nftw(f->consoles, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_text(Fixture *f, const char *text) {
        console_log_write(f->log, text, strlen(text));
}

static void check_run(Fixture *f, const char *line, const char *output) {
        daemon_run(&f->daemon, line);
        CHECK_STREQ(f->daemon.errors, "");
        CHECK_STREQ(f->daemon.output, output);
        CHECK(f->daemon.status == 0);
}

TEST(a_console_is_printed_as_it_is) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        write_text(&f, "one\r\n\x1b[31mtwo" HOSTILE "\r\nthree");
        check_run(&f, "berthctl logs web", "one\r\n\x1b[31mtwo" HOSTILE "\r\nthree");
        CHECK(strv_contains(f.daemon.calls, "OpenJournal"));
        CHECK(strv_contains(f.daemon.calls, "OpenConsoleLog web"));
}

TEST(it_can_be_asked_for_at_once) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        write_text(&f, "one\ntwo\n");
        check_run(&f, "berthctl logs --console --lines=1 web", "two\n");
        CHECK(!strv_contains(f.daemon.calls, "OpenJournal"));
}

TEST(none_of_it_is_nothing) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        write_text(&f, "one\n");
        check_run(&f, "berthctl logs web -n 0", "");
}

TEST(what_was_before_comes_before) {
        _cleanup_(fixture_done) Fixture f;
        static char wanted[32 * 1024];
        char line[32], *end = wanted;

        /* 19 bytes each, so that the last thousand are in two files. */
        fixture_init(&f);
        for (unsigned i = 0; i < 56000; i++) {
                (void) snprintf(line, sizeof(line), "line number %06u\n", i);
                write_text(&f, line);
                if (i >= 55000)
                        end = stpcpy(end, line);
        }

        check_run(&f, "berthctl logs web -n 1000", wanted);
}

TEST(programs_get_an_object_a_line_with_nothing_hostile) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        write_text(&f, "say \"one\"\r\n\x1b[31mred\x1b[0m \xff\n");
        check_run(&f, "berthctl logs web -o json",
                  "{\"machine\":\"web\",\"source\":\"console\",\"message\":\"say \\\"one\\\"\"}\n"
                  "{\"machine\":\"web\",\"source\":\"console\",\"message\":\"red ?\"}\n");
}

TEST(who_follows_a_machine_that_has_ended_is_done) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (unsigned i = 0; i < 20; i++)
                write_text(&f, i < 10 ? "early\n" : "late\n");
        f.log = console_log_free(f.log);
        check_run(&f, "berthctl logs web -f",
                  "late\nlate\nlate\nlate\nlate\nlate\nlate\nlate\nlate\nlate\n");
}

static void check_failure(const char *line, const char *wanted) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, line);
        CHECK(d.status == 1);
        CHECK_STREQ(d.output, "");
        CHECK(strstr(d.errors, wanted));
}

TEST(what_cannot_be_shown_is_told) {
        check_failure("berthctl logs web", "There is none");
        check_failure("berthctl logs web --since=today", "It keeps no journal");
        check_failure("berthctl logs web --console -u init.scope", "no time, unit or priority");
        check_failure("berthctl logs web --console -p err", "no time, unit or priority");
        check_failure("berthctl logs", "Too few arguments");
        check_failure("berthctl logs web db", "Too many arguments");
        check_failure("berthctl logs web -n many", "Failed to parse lines");
}

/* The letters of logs are other verbs' as well. */
TEST(letters_mean_what_the_verb_says) {
        check_failure("berthctl logs web -u x.service", "It keeps no journal");
        check_failure("berthctl show web -p err,warning -u somebody -x", "invalid option");
}

TEST_MAIN()
