/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/starts.h"
#include "lib/base/text.h"
#include "tests/test.h"

static void add(Starts *s, const char *name, unsigned delay, const char *after, const char *requires) {
        _cleanup_(strv_freep) char **a = NULL, **r = NULL;

        CHECK_OK(strv_split(after, " ", &a));
        CHECK_OK(strv_split(requires, " ", &r));
        CHECK_OK(starts_add(s, name, delay, a, r));
}

/* What is next at that time, which is under way then; or NULL. */
static Start *next(Starts *s, uint64_t now) {
        uint64_t due;
        Start *start = starts_next(s, now, &due);

        if (start)
                start->state = START_UNDER_WAY;
        return start;
}

static void check_next(Starts *s, uint64_t now, const char *name) {
        Start *start = next(s, now);

        CHECK_STREQ(start ? start->name : "nothing", name);
}

static void end(Starts *s, const char *name, StartState state) {
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->list[i]->name, name)) {
                        CHECK(s->list[i]->state == START_UNDER_WAY);
                        s->list[i]->state = state;
                        return;
                }
        CHECK(false);
}

TEST(machines_are_started_in_the_order_they_were_added) {
        _cleanup_(starts_done) Starts s = {};

        add(&s, "b", 0, "", "");
        add(&s, "a", 0, "", "");
        check_next(&s, 0, "b");
        check_next(&s, 0, "a");
        check_next(&s, 0, "nothing");
        CHECK(starts_count(&s, START_UNDER_WAY) == 2);
}

TEST(a_machine_waits_for_others_that_are_started) {
        _cleanup_(starts_done) Starts s = {};

        add(&s, "web", 0, "db unheard-of", "");
        add(&s, "db", 0, "", "");
        check_next(&s, 0, "db");
        check_next(&s, 0, "nothing");
        end(&s, "db", START_FAILED);
        check_next(&s, 0, "web");
}

TEST(what_is_required_is_started_and_must_be_ready) {
        _cleanup_(starts_done) Starts s = {};

        add(&s, "web", 0, "", "db");
        add(&s, "shop", 0, "", "web");
        CHECK_OK(starts_complete(&s));
        CHECK(s.n == 3);
        check_next(&s, 0, "db");
        check_next(&s, 0, "nothing");
        end(&s, "db", START_FAILED);
        check_next(&s, 0, "nothing");
        CHECK(s.list[0]->state == START_LEFT_OUT);
        CHECK_STREQ(s.list[0]->blocker, "db");
        CHECK(s.list[1]->state == START_LEFT_OUT);
        CHECK_STREQ(s.list[1]->blocker, "web");
}

TEST(who_only_waits_for_one_that_is_left_out_is_started) {
        _cleanup_(starts_done) Starts s = {};

        add(&s, "late", 0, "web", "");
        add(&s, "web", 0, "", "db");
        add(&s, "db", 0, "", "");
        check_next(&s, 0, "db");
        end(&s, "db", START_FAILED);
        check_next(&s, 0, "late");
}

TEST(delays_begin_when_nothing_else_is_waited_for) {
        _cleanup_(starts_done) Starts s = {};
        uint64_t due;

        add(&s, "web", 100, "db", "");
        add(&s, "db", 50, "", "");
        CHECK(!starts_next(&s, 10, &due));
        CHECK(due == 60);
        CHECK(!starts_next(&s, 59, &due));
        check_next(&s, 60, "db");
        CHECK(!starts_next(&s, 1000, &due));
        CHECK(due == UINT64_MAX);
        end(&s, "db", START_READY);
        CHECK(!starts_next(&s, 1001, &due));
        CHECK(due == 1101);
        check_next(&s, 1101, "web");
}

TEST(circles_are_left_out_once_nothing_else_is_to_come) {
        _cleanup_(starts_done) Starts s = {};

        add(&s, "x", 0, "y", "");
        add(&s, "y", 0, "", "x");
        add(&s, "free", 0, "", "");
        check_next(&s, 0, "free");
        check_next(&s, 0, "nothing");
        CHECK(starts_count(&s, START_WAITING) == 2);
        end(&s, "free", START_READY);
        check_next(&s, 0, "nothing");
        CHECK(starts_count(&s, START_LEFT_OUT) == 2);
        CHECK_STREQ(s.list[0]->blocker, "y");
        CHECK_STREQ(s.list[1]->blocker, "x");
}

TEST_MAIN()
