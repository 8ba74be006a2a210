/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/errors.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

static sd_bus_message *set(
                Fixture *f,
                const char *path,
                const char *name,
                const char *type,
                uint64_t value) {

        return *type == 't'
                ? fixture_call(f, path, BERTH_MACHINE, "SetProperties", "ba(sv)", true, 1, name, "t", value)
                : fixture_call(f, path, BERTH_MACHINE, "SetProperties", "ba(sv)", true, 1, name, "s", "1");
}

TEST(limits_are_set_on_the_unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        reply = fixture_call(&f, WEB, BERTH_MACHINE, "SetProperties", "ba(sv)", false, 2,
                             "MemoryMax", "t", UINT64_C(1) << 30, "IOReadBandwidthMax", "a(st)", 1,
                             "/dev/sda", UINT64_C(1000));

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_STREQ(f.action, "org.berth.set-properties");
        CHECK_STREQ(f.scope.unit, "machine-web.scope");
        CHECK(f.scope.n_limits == 2);
        CHECK(!f.scope.runtime);
}

/* Whatever else systemd knows of a unit is not for this door. */
TEST(what_is_no_limit_is_refused) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *first = NULL, *second = NULL, *third = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        first = set(&f, WEB, "ExecStopPost", "s", 0);
        check_error(first, SD_BUS_ERROR_UNKNOWN_PROPERTY);
        CHECK_STREQ(sd_bus_message_get_error(first)->message, "Unknown property 'ExecStopPost'");
        second = set(&f, WEB, "Slice", "s", 0);
        check_error(second, SD_BUS_ERROR_UNKNOWN_PROPERTY);
        third = set(&f, WEB, "TasksMax", "s", 0);
        check_error(third, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(f.scope.n_limits == 0);
        CHECK(f.n_asked == 1); /* for its creation only */
}

TEST(who_is_refused_limits_nothing) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.grants = false;
        reply = set(&f, WEB, "TasksMax", "t", 1);
        check_error(reply, SD_BUS_ERROR_ACCESS_DENIED);
        CHECK(f.scope.n_limits == 0);
}

TEST(the_host_has_no_limits) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        reply = set(&f, HOST, "TasksMax", "t", 1);
        check_error(reply, SD_BUS_ERROR_NOT_SUPPORTED);
        CHECK(f.scope.n_limits == 0);
}

TEST(a_limit_that_cannot_be_kept_is_told) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.replies_scope = false;
        call = fixture_send(&f, WEB, BERTH_MACHINE, "SetProperties", "ba(sv)", true, 1, "TasksMax", "t",
                            UINT64_C(9));
        CHECK(f.scope.n_limits == 1);
        fake_scope_answer(&f.scope, -E_NO_CONTROLLER);
        fixture_settle(&f);
}

TEST_MAIN()
