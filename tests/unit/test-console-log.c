/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/console-log.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/test.h"

#define FILE_MAX (CONSOLE_LOG_MAX + CONSOLE_LOG_LINE_MAX)

typedef struct Fixture {
        char base[32], directory[64];
        ConsoleLog *log;
} Fixture;

static void fixture_init(Fixture *f) {
        *f = (Fixture) { .base = "/tmp/console-log-XXXXXX" };
        CHECK(mkdtemp(f->base));
        (void) snprintf(f->directory, sizeof(f->directory), "%s/logs", f->base);
        CHECK_OK(console_log_new(f->directory, "web", &f->log));
}

static void make_path(const Fixture *f, const char *name, char path[static 128]) {
        (void) snprintf(path, 128, "%s/%s", f->directory, name);
}

static void remove_one(const Fixture *f, const char *name) {
        char path[128];

        make_path(f, name, path);
        (void) unlink(path);
}

static void fixture_done(Fixture *f) {
        console_log_free(f->log);
        remove_one(f, "web.console");
        remove_one(f, "web.console.1");
        (void) rmdir(f->directory);
        (void) rmdir(f->base);
}

/* What a reader finds, or NULL if there is no such file. */
static char *read_part(const Fixture *f, ConsoleLogPart part) {
        _cleanup_close_ int fd = console_log_open(f->directory, "web", part);
        char *text;

        if (fd < 0) {
                CHECK_ERR(fd, ENOENT);
                return NULL;
        }

        CHECK_OK(fd_read_all(fd, 2 * FILE_MAX, &text, NULL));
        return text;
}

static void write_text(Fixture *f, const char *text) {
        console_log_write(f->log, text, strlen(text));
}

/* Whole lines: each is "line" and a number, and none is torn. */
static size_t check_lines(char *text) {
        size_t n = 0;
        char *state;

        CHECK(endswith(text, "\n"));
        for (char *l = strtok_r(text, "\n", &state); l; l = strtok_r(NULL, "\n", &state)) {
                CHECK(startswith(l, "line ") && strlen(l) == strlen("line 0000000"));
                n++;
        }

        return n;
}

TEST(what_is_written_can_be_read) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *text = NULL;
        struct stat st;
        char path[128];

        fixture_init(&f);
        write_text(&f, "Hello\r\n\x1b[31mworld\n");

        text = read_part(&f, CONSOLE_LOG_CURRENT);
        CHECK_STREQ(text, "Hello\r\n\x1b[31mworld\n");
        CHECK(!read_part(&f, CONSOLE_LOG_PREVIOUS));

        make_path(&f, "web.console", path);
        CHECK_OK(stat(path, &st));
        CHECK((st.st_mode & 07777) == 0640);
        CHECK_OK(stat(f.directory, &st));
        CHECK((st.st_mode & 07777) == 0750);
}

TEST(what_was_written_before_is_kept) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *text = NULL;
        size_t n;

        fixture_init(&f);
        write_text(&f, "panic: half a line");
        f.log = console_log_free(f.log);

        CHECK_OK(console_log_new(f.directory, "web", &f.log));
        console_log_mark(f.log, "%s", "started");
        write_text(&f, "next\n");

        text = read_part(&f, CONSOLE_LOG_CURRENT);
        CHECK(startswith(text, "panic: half a line\n--- 20"));
        n = strlen(text);
        CHECK_STREQ(text + n - strlen("Z: started ---\nnext\n"), "Z: started ---\nnext\n");
}

TEST(a_flood_costs_no_more_than_the_limit_and_tears_no_line) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *current = NULL, *previous = NULL;
        char line[32];
        size_t n;

        fixture_init(&f);
        for (unsigned i = 0; i < 500000; i++) {
                (void) snprintf(line, sizeof(line), "line %07u\n", i);
                write_text(&f, line);
        }

        current = read_part(&f, CONSOLE_LOG_CURRENT);
        previous = read_part(&f, CONSOLE_LOG_PREVIOUS);
        CHECK(strlen(current) <= FILE_MAX && strlen(previous) <= FILE_MAX);
        CHECK(strlen(previous) >= CONSOLE_LOG_MAX);
        CHECK(endswith(current, "line 0499999\n"));
        n = check_lines(previous) + check_lines(current);
        CHECK(n >= CONSOLE_LOG_MAX / strlen("line 0000000\n"));
}

TEST(a_flood_without_lines_is_limited_too) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *current = NULL, *previous = NULL;
        char noise[4096];

        fixture_init(&f);
        memset(noise, 'x', sizeof(noise));
        for (unsigned i = 0; i < 2000; i++)
                console_log_write(f.log, noise, sizeof(noise) - i % 7);

        current = read_part(&f, CONSOLE_LOG_CURRENT);
        previous = read_part(&f, CONSOLE_LOG_PREVIOUS);
        CHECK(strlen(current) <= FILE_MAX && strlen(previous) == FILE_MAX);
}

TEST(a_file_that_is_removed_is_made_anew) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *text = NULL;

        fixture_init(&f);
        write_text(&f, "one\n");
        remove_one(&f, "web.console");
        CHECK_OK(rmdir(f.directory));
        write_text(&f, "two\n");

        text = read_part(&f, CONSOLE_LOG_CURRENT);
        CHECK_STREQ(text, "two\n");
}

TEST(what_there_is_no_space_for_is_told_of) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *text = NULL;
        struct rlimit before, none;

        fixture_init(&f);
        write_text(&f, "one\n");

        /* As a full disk does it: a part is written, the rest is not. */
        (void) signal(SIGXFSZ, SIG_IGN);
        CHECK_OK(getrlimit(RLIMIT_FSIZE, &before));
        none = (struct rlimit) { .rlim_cur = 6, .rlim_max = before.rlim_max };
        CHECK_OK(setrlimit(RLIMIT_FSIZE, &none));
        write_text(&f, "two\n");
        write_text(&f, "three\n");
        CHECK_OK(setrlimit(RLIMIT_FSIZE, &before));
        write_text(&f, "four\n");

        text = read_part(&f, CONSOLE_LOG_CURRENT);
        CHECK(startswith(text, "one\ntw\n--- 20"));
        CHECK(strstr(text, "Z: 8 bytes could not be written ---\nfour\n"));
}

TEST(only_a_file_of_a_machine_is_opened) {
        _cleanup_(fixture_done) Fixture f;
        char path[128];

        fixture_init(&f);
        write_text(&f, "one\n");

        CHECK_ERR(console_log_open(f.directory, "../logs/web", CONSOLE_LOG_CURRENT), EINVAL);
        CHECK_ERR(console_log_open(f.directory, "", CONSOLE_LOG_CURRENT), EINVAL);
        CHECK_ERR(console_log_open(f.directory, "nothing", CONSOLE_LOG_CURRENT), ENOENT);
        CHECK_ERR(console_log_open("/nowhere/at/all", "web", CONSOLE_LOG_CURRENT), ENOENT);

        make_path(&f, "web.console.1", path);
        CHECK_OK(symlink("/etc/passwd", path));
        CHECK_ERR(console_log_open(f.directory, "web", CONSOLE_LOG_PREVIOUS), ELOOP);
        CHECK_OK(unlink(path));
        CHECK_OK(mkfifo(path, 0600));
        CHECK_ERR(console_log_open(f.directory, "web", CONSOLE_LOG_PREVIOUS), EBADF);
}

TEST(a_link_in_its_place_is_not_written_through) {
        _cleanup_(fixture_done) Fixture f;
        char path[128], target[128];

        fixture_init(&f);
        CHECK_OK(mkdir(f.directory, 0700));
        make_path(&f, "web.console", path);
        make_path(&f, "web.console.1", target);
        CHECK_OK(symlink(target, path));
        write_text(&f, "one\n");

        CHECK(access(target, F_OK) < 0);
}

TEST(whether_it_is_written_can_be_told) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_close_ int fd = -EBADF;

        fixture_init(&f);
        write_text(&f, "one\n");
        fd = console_log_open(f.directory, "web", CONSOLE_LOG_CURRENT);
        CHECK_OK(fd);
        CHECK(console_log_is_written(fd));

        f.log = console_log_free(f.log);
        CHECK(!console_log_is_written(fd));
}

TEST_MAIN()
