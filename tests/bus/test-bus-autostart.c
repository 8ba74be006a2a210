/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is said of machines that are to be started with the host. */

#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

#define BERTH MACHINE1_PATH, BERTH_MANAGER

static void check_answer(sd_bus_message *reply, const char *name) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        CHECK_STREQ(e ? e->name : NULL, name);
        (void) sd_bus_message_unref(reply);
}

/* EnableMachine(), with what follows its name. */
#define enable(f, name, ...) fixture_call(f, BERTH, "EnableMachine", "sa{sv}", name, __VA_ARGS__)

static void check_ok(sd_bus_message *reply) {
        check_answer(reply, NULL);
}

static void append_all(_unused_ Fixture *f, sd_bus_message *m) {
        CHECK_OK(sd_bus_message_append(m, "sa{sv}", "web", 4, "order", "i", (int32_t) 7,
                                       "delay-usec", "t", UINT64_C(5000000),
                                       "after", "as", 2, "db", "cache", "requires", "as", 1, "net"));
}

static sd_bus_message *list(Fixture *f) {
        sd_bus_message *reply = fixture_call(f, BERTH, "ListEnabledMachines", NULL);

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK(sd_bus_message_enter_container(reply, 'a', "(sitasas)") >= 0);
        return reply;
}

TEST(what_was_said_of_a_machine_is_told) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *name, *first, *second, *third;
        _cleanup_(fixture_done) Fixture f;
        uint64_t delay;
        int32_t order;

        fixture_init(&f);
        check_ok(fixture_call_with(&f, BERTH, "EnableMachine", append_all));
        CHECK_STREQ(f.action, "org.berth.enable-machine");
        CHECK_STREQ(f.machine, "web");
        check_ok(enable(&f, "db", 0));

        reply = list(&f);
        CHECK(sd_bus_message_read(reply, "(sitasas)", &name, &order, &delay, 0, 0) > 0);
        CHECK_STREQ(name, "db");
        CHECK(order == 0 && delay == 0);
        CHECK(sd_bus_message_read(reply, "(sitasas)", &name, &order, &delay, 2, &first, &second,
                                  1, &third) > 0);
        CHECK_STREQ(name, "web");
        CHECK(order == 7 && delay == 5000000);
        CHECK_STREQ(first, "db");
        CHECK_STREQ(second, "cache");
        CHECK_STREQ(third, "net");
        CHECK(sd_bus_message_at_end(reply, false));
}

TEST(one_that_is_disabled_is_told_of_no_more) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_ok(enable(&f, "web", 0));
        for (unsigned i = 0; i < 2; i++)
                check_ok(fixture_call(&f, BERTH, "DisableMachine", "s", "web"));
        CHECK_STREQ(f.action, "org.berth.enable-machine");
        reply = list(&f);
        CHECK(sd_bus_message_at_end(reply, false));
}

TEST(what_polkit_refuses_is_not_kept) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *before = NULL, *after = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.grants = false;
        check_answer(enable(&f, "web", 0), SD_BUS_ERROR_ACCESS_DENIED);
        before = list(&f);
        CHECK(sd_bus_message_at_end(before, false));

        f.grants = true;
        check_ok(enable(&f, "web", 0));
        f.grants = false;
        check_answer(fixture_call(&f, BERTH, "DisableMachine", "s", "web"), SD_BUS_ERROR_ACCESS_DENIED);
        after = list(&f);
        CHECK(!sd_bus_message_at_end(after, false));
}

TEST(what_makes_no_sense_is_refused_before_polkit_is_asked) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_answer(enable(&f, "../web", 0), SD_BUS_ERROR_INVALID_ARGS);
        check_answer(enable(&f, ".host", 0), SD_BUS_ERROR_INVALID_ARGS);
        check_answer(enable(&f, "web", 1, "colour", "s", "blue"),
                    SD_BUS_ERROR_INVALID_ARGS);
        check_answer(enable(&f, "web", 1, "order", "i", (int32_t) -1),
                    SD_BUS_ERROR_INVALID_ARGS);
        check_answer(enable(&f, "web", 1, "after", "as", 1, "web"),
                    SD_BUS_ERROR_INVALID_ARGS);
        check_answer(enable(&f, "web", 1, "delay-usec", "t", UINT64_MAX),
                    SD_BUS_ERROR_INVALID_ARGS);
        check_answer(fixture_call(&f, BERTH, "DisableMachine", "s", "../web"), SD_BUS_ERROR_INVALID_ARGS);
        CHECK(f.n_asked == 0);
}

TEST(nobody_waits_for_itself) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_ok(enable(&f, "web", 1, "requires", "as", 1, "db"));
        check_answer(enable(&f, "db", 1, "after", "as", 1, "web"),
                    "System.Error.ELOOP");
}

TEST_MAIN()
