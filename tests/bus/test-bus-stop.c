/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/wait.h>

#include "lib/base/errors.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

/* Polkit's answer to a call that takes its time, and the machine's own. */
typedef struct Stop {
        const char *how;        /* NULL while there is no answer */
        char text[32];
        int error;
} Stop;

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        Stop *stop = userdata;
        const char *how;

        if (sd_bus_message_is_method_error(reply, NULL))
                how = sd_bus_message_get_error(reply)->name;
        else
                CHECK_OK(sd_bus_message_read(reply, "s", &how));

        (void) snprintf(stop->text, sizeof(stop->text), "%s", how);
        stop->how = stop->text;
        return 0;
}

static void call_stop(Fixture *f, Stop *stop, const char *option, const char *type, uint64_t value) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        *stop = (Stop) {};
        CHECK_OK(sd_bus_message_new_method_call(f->pair.client, &m, NULL, MACHINE1_PATH, BERTH_MANAGER,
                                                "StopMachine"));
        CHECK_OK(sd_bus_message_set_sender(m, ":1.7"));
        CHECK_OK(sd_bus_message_append(m, "s", "web"));
        if (!option)
                CHECK_OK(sd_bus_message_append(m, "a{sv}", 0));
        else if (*type == 't')
                CHECK_OK(sd_bus_message_append(m, "a{sv}", 1, option, "t", value));
        else
                CHECK_OK(sd_bus_message_append(m, "a{sv}", 1, option, "b", (int) value));
        CHECK_OK(sd_bus_call_async(f->pair.client, NULL, m, on_reply, stop, UINT64_MAX));
        fixture_settle(f);
}

static void wait_for_removal(Fixture *f) {
        while (f->n_removed == 0)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));
}

/* The one that a sleeper dies of is what its leader was sent. */
static int ended_by(Fixture *f) {
        siginfo_t si = {};

        CHECK_OK(waitid(P_PID, (id_t) f->leader, &si, WEXITED | WNOWAIT));
        return si.si_status;
}

TEST(a_machine_is_asked_and_then_waited_for_with_its_unit) {
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        call_stop(&f, &stop, NULL, NULL, 0);
        CHECK_STREQ(f.action, "org.freedesktop.machine1.manage-machines");
        CHECK(f.scope.n_retired == 1);
        CHECK_STREQ(f.scope.retired, "machine-web.scope");

        wait_for_removal(&f);
        fixture_settle(&f);
        CHECK(ended_by(&f) == SIGRTMIN + 4);
        CHECK(!stop.how); /* something of the unit is still there */

        fake_scope_end_unit(&f.scope);
        fixture_settle(&f);
        CHECK_STREQ(stop.how, "exited");
}

TEST(what_is_forced_is_not_asked) {
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        call_stop(&f, &stop, "force", "b", true);
        wait_for_removal(&f);
        CHECK(ended_by(&f) == SIGKILL);

        fake_scope_end_unit(&f.scope);
        fixture_settle(&f);
        CHECK_STREQ(stop.how, "killed");
}

TEST(what_does_not_end_in_time_is_killed) {
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(kill(f.leader, SIGSTOP)); /* hears nothing but SIGKILL */
        call_stop(&f, &stop, "timeout-usec", "t", 10000);
        wait_for_removal(&f);
        CHECK(ended_by(&f) == SIGKILL);

        fake_scope_end_unit(&f.scope);
        fixture_settle(&f);
        CHECK_STREQ(stop.how, "killed");
}

TEST(time_is_up_under_the_next_daemon_too) {
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(kill(f.leader, SIGSTOP));
        call_stop(&f, &stop, "timeout-usec", "t", 500000);
        fixture_restart(&f);
        CHECK_STREQ(f.scope.retired, "machine-web.scope");
        CHECK(f.scope.n_retired == 2);
        CHECK(machine_state(manager_find(f.manager, "web")) == MACHINE_CLOSING);

        wait_for_removal(&f);
        CHECK(ended_by(&f) == SIGKILL);
        fake_scope_end_unit(&f.scope);
        fixture_settle(&f);
}

TEST(the_second_is_not_an_order) {
        _cleanup_(fixture_done) Fixture f;
        Stop first, second;

        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(kill(f.leader, SIGSTOP));
        call_stop(&f, &first, NULL, NULL, 0);
        fake_scope_end_unit(&f.scope); /* it has only one at a time */
        call_stop(&f, &second, "force", "b", true);
        wait_for_removal(&f);
        fake_scope_end_unit(&f.scope);
        fixture_settle(&f);

        CHECK_STREQ(first.how, "killed");
        CHECK_STREQ(second.how, "killed");
}

TEST(what_is_unregistered_is_waited_for_no_longer) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(kill(f.leader, SIGSTOP));
        call_stop(&f, &stop, NULL, NULL, 0);
        reply = fixture_call(&f, MACHINE1_PATH, MACHINE1_MANAGER, "UnregisterMachine", "s", "web");
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        fixture_settle(&f);

        CHECK_STREQ(stop.how, "System.Error.ECANCELED");
        fake_scope_end_unit(&f.scope);
}

TEST(units_and_machines_end_in_any_order) {
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        f.replies_scope = false;
        call_stop(&f, &stop, NULL, NULL, 0);
        CHECK_OK(kill(f.leader, SIGKILL));
        fake_scope_end_unit(&f.scope);
        while (!stop.how)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        CHECK_STREQ(stop.how, "exited");
}

TEST(options_are_known_ones) {
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        call_stop(&f, &stop, "nicely", "b", true);
        CHECK(stop.how && startswith(stop.how, "org.freedesktop.DBus.Er"));
        call_stop(&f, &stop, "force", "t", 1);
        CHECK(stop.how && startswith(stop.how, "org.freedesktop.DBus.Er"));
        CHECK(f.scope.n_retired == 0);
        CHECK(f.n_asked == 1); /* for its creation only */
}

TEST(a_daemon_that_goes_leaves_the_machine_to_end) {
        _cleanup_(fixture_done) Fixture f;
        Stop stop;

        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(kill(f.leader, SIGSTOP));
        call_stop(&f, &stop, NULL, NULL, 0);
        fixture_restart(&f);
        CHECK(manager_find(f.manager, "web"));
}

TEST_MAIN()
