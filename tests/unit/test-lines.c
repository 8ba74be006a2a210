/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/console.h"
#include "client/lines.h"
#include "lib/base/text.h"
#include "tests/test.h"

static void check_tame(const char *line, const char *wanted) {
        char copy[256];

        (void) snprintf(copy, sizeof(copy), "%s", line);
        CHECK_STREQ(line_tame(copy), wanted);
}

TEST(what_steers_a_terminal_is_taken_out) {
        check_tame("", "");
        check_tame("plain text", "plain text");
        check_tame("\033[31mred\033[0m", "red");
        check_tame("\033[1;31;4mred\033[m and\033[2J more", "red and more");
        check_tame("\033]0;a title\a text", " text");
        check_tame("\033]0;a title\033\\ text", " text");
        check_tame("\033Pdevice control\033\\ text", " text");
        check_tame("\033(Bcharset", "charset");
        check_tame("\033cclear", "clear");
        check_tame("a\tb", "a b");
        check_tame("bell\a back\b", "bell? back?");
        check_tame("\xc2\x9b" "31m", "??31m");
        check_tame("gr\xc3\xbc\xc3\x9f" "e \xff", "gr\xc3\xbc\xc3\x9f" "e ?");
}

TEST(what_has_no_end_hides_nothing_behind_the_line) {
        check_tame("\033", "");
        check_tame("\033[", "");
        check_tame("\033[31", "");
        check_tame("\033[31\x01m", "?m");
        check_tame("\033]0;no end", "");
        check_tame("\033(", "");
}

TEST(what_overwrote_itself_is_left_as_it_was_at_last) {
        check_tame("end\r", "end");
        check_tame("end\r\r", "end");
        check_tame("[ *** ] waiting\r[  OK  ] done", "[  OK  ] done");
        check_tame("\r\033[K[  OK  ] done\r", "[  OK  ] done");
}

static void collect(const char *line, void *userdata) {
        CHECK_OK(strv_push(userdata, line));
}

static void print_text(Lines *lines, const char *text) {
        CHECK_OK(lines_print(lines, text, strlen(text)));
}

TEST(lines_are_put_together) {
        _cleanup_(strv_freep) char **found = NULL;
        _cleanup_(lines_freep) Lines *lines = NULL;

        CHECK_OK(lines_new(true, collect, &found, &lines));
        print_text(lines, "one\ntw");
        CHECK(strv_length(found) == 1);
        print_text(lines, "o\r\n\nfo");
        print_text(lines, "ur");
        CHECK(strv_length(found) == 3);
        lines_finish(lines);
        lines_finish(lines);

        CHECK(strv_length(found) == 4);
        CHECK_STREQ(found[0], "one");
        CHECK_STREQ(found[1], "two");
        CHECK_STREQ(found[2], "");
        CHECK_STREQ(found[3], "four");
}

TEST(a_nul_ends_no_line) {
        _cleanup_(strv_freep) char **found = NULL;
        _cleanup_(lines_freep) Lines *lines = NULL;

        CHECK_OK(lines_new(true, collect, &found, &lines));
        CHECK_OK(lines_print(lines, "a\0b\n", 4));
        CHECK(strv_length(found) == 1);
        CHECK_STREQ(found[0], "a?b");
}

TEST(a_line_without_end_takes_no_more_memory) {
        _cleanup_(strv_freep) char **found = NULL;
        _cleanup_(lines_freep) Lines *lines = NULL;
        static char noise[200000];

        memset(noise, 'x', sizeof(noise));
        CHECK_OK(lines_new(true, collect, &found, &lines));
        CHECK_OK(lines_print(lines, noise, sizeof(noise)));
        lines_finish(lines);

        CHECK(strv_length(found) == 4);
        CHECK(strlen(found[0]) == 65536 && strlen(found[3]) == 200000 - 3 * 65536);
}

static void check_tail(const char *text, unsigned lines, const char *wanted) {
        CHECK_STREQ(text + console_find_tail(text, strlen(text), lines), wanted);
}

TEST(the_last_lines_are_found) {
        check_tail("one\ntwo\nthree\n", 1, "three\n");
        check_tail("one\ntwo\nthree\n", 2, "two\nthree\n");
        check_tail("one\ntwo\nthree\n", 9, "one\ntwo\nthree\n");
        check_tail("one\ntwo\nthree\n", 0, "");
        check_tail("one\ntwo\nthr", 1, "thr");
        check_tail("one\ntwo\nthr", 2, "two\nthr");
        check_tail("\n\n", 1, "\n");
        check_tail("\n", 3, "\n");
        check_tail("", 3, "");
}

TEST_MAIN()
