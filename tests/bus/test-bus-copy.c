/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Copies and mounts, by berth-worker, and by tests/lib/fake-worker.c if it matters how long they take. */

#include <fcntl.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

static sd_bus_message *copy(
                Fixture *f,
                const char *method,
                const char *from,
                const char *to,
                uint64_t flags) {

        if (endswith(method, "WithFlags"))
                return fixture_call(f, WEB, MACHINE1_MACHINE, method, "sst", from, to, flags);

        return fixture_call(f, WEB, MACHINE1_MACHINE, method, "ss", from, to);
}

static void check_no_copy(Fixture *f, const char *method, const char *from, const char *to, uint64_t flags) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        unsigned n_asked = f->n_asked;

        reply = copy(f, method, from, to, flags);
        check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(f->n_asked == n_asked);
}

TEST(nobody_is_asked_about_a_copy_that_cannot_be) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        check_no_copy(&f, "CopyTo", "file", "/file", 0);
        check_no_copy(&f, "CopyTo", "", "/file", 0);
        check_no_copy(&f, "CopyFrom", "/file", "file", 0);
        check_no_copy(&f, "CopyTo", "/etc/../file", "/file", 0);
        check_no_copy(&f, "CopyTo", "/file", "/etc/..", 0);
        check_no_copy(&f, "CopyFrom", "/./file", "/file", 0);
        check_no_copy(&f, "CopyFrom", "/file/.", "/file", 0);
        check_no_copy(&f, "CopyFrom", "/file", "//file", 0);
        check_no_copy(&f, "CopyToWithFlags", "/file", "/file", 2);
        check_no_copy(&f, "CopyFromWithFlags", "/file", "/file", UINT64_MAX);

        reply = fixture_call(&f, WEB, MACHINE1_MACHINE, "BindMount", "ssbb", "/srv/../etc", "/srv", 0, 0);
        check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
        CHECK(workers_count(f.workers) == 0);
}

TEST(copies_and_mounts_that_are_refused_do_nothing) {
        static const char *const methods[] = {
                "CopyTo", "CopyFrom", "CopyToWithFlags", "CopyFromWithFlags",
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *bound = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        f.grants = false;
        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

                reply = copy(&f, methods[i], f.machined, "", 0);
                check_error(reply, SD_BUS_ERROR_ACCESS_DENIED);
                CHECK_STREQ(f.action, "org.freedesktop.machine1.manage-machines");
        }

        bound = fixture_call(&f, WEB, MACHINE1_MACHINE, "BindMount", "ssbb", f.machined, "", 0, 0);
        check_error(bound, SD_BUS_ERROR_ACCESS_DENIED);
        CHECK(workers_count(f.workers) == 0);
}

TEST(a_copy_is_made_by_a_worker_once_polkit_grants) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL, *again = NULL, *replaced = NULL;
        _cleanup_free_ char *from = NULL, *to = NULL;
        _cleanup_(fixture_done) Fixture f;

        SKIP_UNLESS(geteuid() == 0, "root");
        fixture_init(&f);
        fixture_create(&f);
        CHECK_OK(text_printf(&from, "%s/from", f.own));
        CHECK_OK(text_printf(&to, "%s/to", f.own));
        CHECK_OK(file_replace(AT_FDCWD, from, 0640, "text"));

        reply = copy(&f, "CopyFrom", from, to, 0);
        CHECK(!sd_bus_message_get_error(reply));
        CHECK_STREQ(f.action, "org.freedesktop.machine1.manage-machines");
        CHECK(access(to, F_OK) >= 0);

        again = copy(&f, "CopyFromWithFlags", from, to, 0);
        check_error(again, SD_BUS_ERROR_FILE_EXISTS);
        replaced = copy(&f, "CopyFromWithFlags", from, to, 1);
        CHECK(!sd_bus_message_get_error(replaced));

        CHECK(unlink(from) >= 0 && unlink(to) >= 0);
}

/* Its copies into machines never end, and those out of them tell of progress. */
static void fixture_init_fake(Fixture *f) {
        char *worker = getenv("BERTH_WORKER");

        CHECK(getenv("FAKE_WORKER"));
        CHECK_OK(setenv("BERTH_WORKER", getenv("FAKE_WORKER"), true));
        fixture_init(f);
        if (worker)
                CHECK_OK(setenv("BERTH_WORKER", worker, true));
        else
                CHECK_OK(unsetenv("BERTH_WORKER"));
        fixture_create(f);
}

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        *(sd_bus_message **) userdata = sd_bus_message_ref(reply);
        return 0;
}

/* Returns the number by which the copy may be cancelled. */
static uint64_t start_copy(Fixture *f, const char *method, sd_bus_message **reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        uint64_t serial;

        *reply = NULL;
        CHECK_OK(sd_bus_message_new_method_call(f->pair.client, &m, NULL, WEB, MACHINE1_MACHINE, method));
        CHECK_OK(sd_bus_message_set_sender(m, ":1.7"));
        CHECK_OK(sd_bus_message_append(m, "ss", "/from", "/to"));
        CHECK_OK(sd_bus_call_async(f->pair.client, NULL, m, on_reply, reply, UINT64_MAX));
        CHECK_OK(sd_bus_message_get_cookie(m, &serial));
        return serial;
}

/* Whether there was a copy to cancel. */
static bool cancel(Fixture *f, sd_bus *client, const char *sender, uint64_t serial) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;

        CHECK_OK(sd_bus_message_new_method_call(client, &m, NULL, MACHINE1_PATH, BERTH_MANAGER,
                                                "CancelCopy"));
        CHECK_OK(sd_bus_message_set_sender(m, sender));
        CHECK_OK(sd_bus_message_append(m, "t", serial));
        CHECK_OK(sd_bus_call_async(client, NULL, m, on_reply, &reply, UINT64_MAX));
        while (!reply)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));

        if (sd_bus_message_get_error(reply))
                check_error(reply, SD_BUS_ERROR_FILE_NOT_FOUND);
        return !sd_bus_message_get_error(reply);
}

TEST(a_copy_is_given_up_by_who_asked_for_it_and_nobody_else) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *first = NULL, *second = NULL, *third = NULL;
        _cleanup_(fixture_done) Fixture f;
        BusPair other;
        uint64_t serial;

        SKIP_UNLESS(geteuid() == 0, "root");
        fixture_init_fake(&f);
        bus_pair_open(&other, f.event);
        CHECK_OK(bus_serve(&f.bus, other.server, BUS_NO_PEER));

        CHECK(!cancel(&f, f.pair.client, ":1.7", 0));
        serial = start_copy(&f, "CopyTo", &first);
        (void) start_copy(&f, "CopyTo", &second);
        (void) start_copy(&f, "CopyTo", &third);
        fixture_settle(&f);
        CHECK(workers_count(f.workers) == 3);

        CHECK(!cancel(&f, f.pair.client, ":1.8", serial));
        CHECK(!cancel(&f, f.pair.client, ":1.8", 0));
        CHECK(!cancel(&f, other.client, ":1.7", serial));
        CHECK(!cancel(&f, other.client, ":1.7", 0));
        CHECK(!cancel(&f, f.pair.client, ":1.7", serial + 1000));
        CHECK(!first && !second && !third);

        CHECK(cancel(&f, f.pair.client, ":1.7", serial));
        check_error(first, "System.Error.ECANCELED");
        CHECK(!second && !third);
        CHECK(!cancel(&f, f.pair.client, ":1.7", serial));

        CHECK(cancel(&f, f.pair.client, ":1.7", 0));
        check_error(second, "System.Error.ECANCELED");
        check_error(third, "System.Error.ECANCELED");
        while (workers_count(f.workers) > 0)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        bus_pair_close(&other);
}

typedef struct Progress {
        uint64_t serial, bytes;
        char destination[16];
} Progress;

static int on_progress(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        Progress *p = userdata;

        CHECK_OK(sd_bus_message_read(msg, "tt", &p->serial, &p->bytes));
        (void) snprintf(p->destination, sizeof(p->destination), "%s",
                        sd_bus_message_get_destination(msg) ?: "");
        return 0;
}

TEST(how_far_a_copy_is_is_told_to_who_asked_for_it) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        Progress progress = {};
        uint64_t serial;

        SKIP_UNLESS(geteuid() == 0, "root");
        fixture_init_fake(&f);
        CHECK_OK(sd_bus_match_signal(f.pair.client, NULL, NULL, MACHINE1_PATH, BERTH_MANAGER,
                                     "CopyProgress", on_progress, &progress));
        serial = start_copy(&f, "CopyFrom", &reply);
        while (!reply)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));

        CHECK(!sd_bus_message_get_error(reply));
        CHECK(progress.serial == serial);
        CHECK(progress.bytes == 4096);
        CHECK_STREQ(progress.destination, ":1.7");
}

TEST_MAIN()
