/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

TEST(a_machine_is_frozen_by_its_unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *freeze = NULL, *thaw = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);

        freeze = fixture_call(&f, WEB, BERTH_MACHINE, "Freeze", NULL);
        CHECK(!sd_bus_message_is_method_error(freeze, NULL));
        CHECK_STREQ(f.action, "org.berth.freeze-machine");
        CHECK_STREQ(f.machine, "web");
        CHECK_STREQ(f.scope.unit, "machine-web.scope");
        CHECK(f.scope.n_frozen == 1 && f.scope.n_thawed == 0);

        thaw = fixture_call(&f, WEB, BERTH_MACHINE, "Thaw", NULL);
        CHECK(!sd_bus_message_is_method_error(thaw, NULL));
        CHECK_STREQ(f.action, "org.berth.freeze-machine");
        CHECK(f.scope.n_frozen == 1 && f.scope.n_thawed == 1);
}

TEST(who_is_refused_freezes_nothing) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.grants = false;
        reply = fixture_call(&f, WEB, BERTH_MACHINE, "Freeze", NULL);

        check_error(reply, SD_BUS_ERROR_ACCESS_DENIED);
        CHECK(f.scope.n_frozen == 0);
}

TEST(the_host_is_not_frozen) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        reply = fixture_call(&f, HOST, BERTH_MACHINE, "Freeze", NULL);

        check_error(reply, SD_BUS_ERROR_NOT_SUPPORTED);
        CHECK(f.scope.n_frozen == 0);
}

TEST(what_does_not_stand_still_is_told) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.replies_scope = false;
        call = fixture_send(&f, WEB, BERTH_MACHINE, "Freeze", NULL);
        CHECK(f.scope.n_frozen == 1);

        /* The machine ends meanwhile: the answer has somewhere to go all the same. */
        CHECK_OK(kill(f.leader, SIGKILL));
        while (f.n_removed == 0)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        fake_scope_answer(&f.scope, -ETIMEDOUT);
        fixture_settle(&f);
}

/* Methods of one name on both interfaces are two. */
TEST(the_interfaces_are_apart) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *first = NULL, *second = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        first = fixture_call(&f, WEB, MACHINE1_MACHINE, "Freeze", NULL);
        check_error(first, SD_BUS_ERROR_UNKNOWN_METHOD);
        second = fixture_call(&f, WEB, BERTH_MACHINE, "GetUIDShift", NULL);
        check_error(second, SD_BUS_ERROR_UNKNOWN_METHOD);
}

TEST_MAIN()
