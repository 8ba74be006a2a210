/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <systemd/sd-bus.h>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/kernel/process.h"
#include "lib/scope/limit.h"
#include "lib/scope/property-bus.h"
#include "lib/scope/scope-cgroupfs.h"
#include "lib/scope/scope-systemd.h"
#include "tests/lib/bus-pair.h"
#include "tests/test.h"

#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define JOB_PATH SYSTEMD_PATH "/job/7"

/* PID 1, played by the test at the other end of a socketpair. */
typedef struct Fixture {
        sd_event *event;
        BusPair pair;           /* we are the client, systemd the server */
        ScopeBackend *backend;
        bool is_old;            /* does not know PIDFDs */
        const char *error;      /* answers with this error */
        const char *outcome;    /* of the job */
        unsigned n_calls;
        Properties asked;       /* what it was last asked for */
        char unit[64], mode[16], method[32];
        int runtime;
        int result;             /* of the job, as we were told; 1: not yet */
} Fixture;

static int tell_of_end(Fixture *f, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        CHECK_OK(sd_bus_message_new_signal(f->pair.server, &m, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved"));
        CHECK_OK(sd_bus_message_set_sender(m, "org.freedesktop.systemd1"));
        CHECK_OK(sd_bus_message_append(m, "uoss", 7, JOB_PATH, unit, f->outcome));
        return sd_bus_send(NULL, m, NULL);
}

static int on_start(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Fixture *f = userdata;
        const char *unit, *mode;

        f->n_calls++;
        CHECK_OK(sd_bus_message_read(m, "ss", &unit, &mode));
        (void) snprintf(f->unit, sizeof(f->unit), "%s", unit);
        (void) snprintf(f->mode, sizeof(f->mode), "%s", mode);
        properties_done(&f->asked);

        /* Descriptors are no plain data: that it cannot be read tells that PIDFDs are there. */
        if (properties_read(m, &f->asked) == -EINVAL && f->is_old)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_PROPERTY_READ_ONLY, "Cannot set PIDFDs");
        if (f->error)
                return sd_bus_reply_method_errorf(m, f->error, "No");

        CHECK_OK(sd_bus_reply_method_return(m, "o", JOB_PATH));
        return tell_of_end(f, unit);
}

static int on_unit(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Fixture *f = userdata;
        const char *unit, *mode;

        f->n_calls++;
        CHECK_OK(sd_bus_message_read(m, "ss", &unit, &mode));
        (void) snprintf(f->unit, sizeof(f->unit), "%s", unit);
        (void) snprintf(f->mode, sizeof(f->mode), "%s", mode);
        if (f->error)
                return sd_bus_reply_method_errorf(m, f->error, "No");

        return sd_bus_reply_method_return(m, "o", JOB_PATH);
}

/* FreezeUnit, ThawUnit, ResetFailedUnit: only which one, and of what. */
static int on_plain(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Fixture *f = userdata;
        const char *unit;

        f->n_calls++;
        CHECK_OK(sd_bus_message_read(m, "s", &unit));
        (void) snprintf(f->unit, sizeof(f->unit), "%s", unit);
        (void) snprintf(f->method, sizeof(f->method), "%s", sd_bus_message_get_member(m));
        if (f->error)
                return sd_bus_reply_method_errorf(m, f->error, "No");

        return sd_bus_reply_method_return(m, NULL);
}

static int on_set_properties(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Fixture *f = userdata;
        const char *unit;

        f->n_calls++;
        CHECK_OK(sd_bus_message_read(m, "sb", &unit, &f->runtime));
        (void) snprintf(f->unit, sizeof(f->unit), "%s", unit);
        properties_done(&f->asked);
        CHECK_OK(properties_read(m, &f->asked));
        if (f->error)
                return sd_bus_reply_method_errorf(m, f->error, "No");

        return sd_bus_reply_method_return(m, NULL);
}

static int on_stop(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Fixture *f = userdata;
        int r;

        r = on_unit(m, userdata, reterr);
        return r < 0 || f->error ? r : tell_of_end(f, f->unit);
}

static int on_subscribe(sd_bus_message *m, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable systemd_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", on_start, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StopUnit", "ss", "o", on_stop, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FreezeUnit", "s", NULL, on_plain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ThawUnit", "s", NULL, on_plain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ResetFailedUnit", "s", NULL, on_plain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("SetUnitProperties", "sba(sv)", NULL, on_set_properties, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", NULL, NULL, on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END
};

static void fixture_init(Fixture *f) {
        *f = (Fixture) { .outcome = "done", .result = 1 };
        CHECK_OK(sd_event_new(&f->event));
        bus_pair_open(&f->pair, f->event);
        CHECK_OK(sd_bus_add_object_vtable(f->pair.server, NULL, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                          systemd_vtable, f));
        CHECK_OK(scope_systemd_new(f->pair.client, &f->backend));
}

static void fixture_done(Fixture *f) {
        scope_backend_freep(&f->backend);
        properties_done(&f->asked);
        bus_pair_close(&f->pair);
        sd_event_unref(f->event);
}

static void on_done(void *userdata, int result) {
        ((Fixture *) userdata)->result = result;
}

static int start(Fixture *f, const Properties *properties) {
        _cleanup_close_ int pidfd = process_open(getpid());

        CHECK_OK(pidfd);
        f->result = 1;
        CHECK_OK(f->backend->ops->start_scope(f->backend, &(ScopeRequest) {
                        .unit = "machine-web.scope",
                        .description = "Container web",
                        .leader = getpid(),
                        .leader_fd = pidfd,
                        .properties = properties }, on_done, f));
        CHECK(f->result == 1); /* never before it has returned */

        while (f->result == 1)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));
        return f->result;
}

TEST(a_scope_is_there_when_its_job_is_done) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(start(&f, NULL));
        CHECK(f.n_calls == 1);
        CHECK_STREQ(f.unit, "machine-web.scope");
        CHECK_STREQ(f.mode, "fail");
}

TEST(an_old_systemd_is_given_the_number_of_the_process) {
        _cleanup_(fixture_done) Fixture f;
        const Property *p;

        fixture_init(&f);
        f.is_old = true;
        CHECK_OK(start(&f, NULL));
        CHECK(f.n_calls == 2);

        p = properties_find(&f.asked, "PIDs");
        CHECK(p && p->value.n_items == 1);
        CHECK(p->value.items[0].number == (uint64_t) getpid());
        p = properties_find(&f.asked, "Delegate");
        CHECK(p && p->value.number == 1);
        CHECK_STREQ(properties_find(&f.asked, "Slice")->value.text, "machine.slice");

        /* It is not asked a second time. */
        CHECK_OK(start(&f, NULL));
        CHECK(f.n_calls == 3);
}

TEST(the_callers_properties_come_last) {
        Property mine = { .name = (char *) "TasksMax", .value = { .type = 't', .number = 7 } };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.is_old = true;
        CHECK_OK(start(&f, &(Properties) { .list = &mine, .n = 1 }));
        CHECK(properties_find(&f.asked, "TasksMax")->value.number == 7);
        CHECK_STREQ(f.asked.list[f.asked.n - 1].name, "TasksMax");
}

TEST(a_job_that_fails_is_told) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.outcome = "failed";
        CHECK_ERR(start(&f, NULL), E_JOB_FAILED);
}

TEST(a_scope_that_is_there_is_told) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.error = "org.freedesktop.systemd1.UnitExists";
        CHECK_ERR(start(&f, NULL), EEXIST);
}

TEST(a_stop_goes_before_a_start_that_is_queued) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(f.backend->ops->stop(f.backend, "machine-web.scope", NULL, on_done, &f));
        while (f.result == 1)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        CHECK_OK(f.result);
        CHECK_STREQ(f.mode, "replace");

        f.error = "org.freedesktop.systemd1.NoSuchUnit";
        f.result = 1;
        CHECK_OK(f.backend->ops->stop(f.backend, "machine-web.scope", NULL, on_done, &f));
        while (f.result == 1)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        CHECK_ERR(f.result, ENOENT);
}

static int wait_for(Fixture *f) {
        while (f->result == 1)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));

        return f->result;
}

TEST(units_are_frozen_and_thawed) {
        _cleanup_(fixture_done) Fixture f;
        const ScopeOps *ops;

        fixture_init(&f);
        ops = f.backend->ops;
        CHECK_OK(ops->freeze(f.backend, "machine-web.scope", "/nowhere", true, on_done, &f));
        CHECK_OK(wait_for(&f));
        CHECK_STREQ(f.method, "FreezeUnit");
        CHECK_STREQ(f.unit, "machine-web.scope");

        f.result = 1;
        CHECK_OK(ops->freeze(f.backend, "machine-web.scope", "/nowhere", false, on_done, &f));
        CHECK_OK(wait_for(&f));
        CHECK_STREQ(f.method, "ThawUnit");

        f.result = 1;
        f.error = SD_BUS_ERROR_NOT_SUPPORTED;
        CHECK_OK(ops->freeze(f.backend, "machine-web.scope", "/nowhere", true, on_done, &f));
        CHECK_ERR(wait_for(&f), EOPNOTSUPP);
}

TEST(what_does_not_freeze_in_time_goes_on) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.error = SD_BUS_ERROR_TIMEOUT;
        CHECK_OK(f.backend->ops->freeze(f.backend, "machine-web.scope", "/nowhere", true, on_done, &f));
        CHECK_ERR(wait_for(&f), ETIMEDOUT);
        while (f.n_calls < 2)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        CHECK_STREQ(f.method, "ThawUnit");
        CHECK_STREQ(f.unit, "machine-web.scope");
}

/* Its control group has gone, so it has ended; but systemd may be about to start it anew. */
TEST(a_unit_that_has_ended_is_kept_from_coming_back) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(f.backend->ops->retire(f.backend, "berth@web.service", "/nowhere", on_done, &f));
        CHECK(f.result == 1);
        CHECK_OK(wait_for(&f));
        CHECK_STREQ(f.mode, "replace");
        while (!streq(f.method, "ResetFailedUnit"))
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        CHECK_STREQ(f.unit, "berth@web.service");

        /* systemd has forgotten it already. */
        f.result = 1;
        f.error = "org.freedesktop.systemd1.NoSuchUnit";
        CHECK_OK(f.backend->ops->retire(f.backend, "machine-web.scope", "/nowhere", on_done, &f));
        CHECK_OK(wait_for(&f));
}

TEST(limits_are_systemds_to_keep) {
        Property list[] = { { .name = (char *) "TasksMax", .value = { .type = 't', .number = 7 } } };
        Properties limits = { .list = list, .n = 1 };
        _cleanup_(fixture_done) Fixture f;
        const ScopeOps *ops;
        int r;

        fixture_init(&f);
        ops = f.backend->ops;
        r = ops->set_properties(f.backend, "berth@web.service", NULL, true, &limits, on_done, &f);
        CHECK(r == limits_check_controllers(&limits, NULL));
        if (r < 0) { /* as on hosts whose controllers are those of v1 */
                CHECK_ERR(r, E_NO_CONTROLLER);
                CHECK(f.n_calls == 0);
                return;
        }

        CHECK_OK(wait_for(&f));
        CHECK(f.runtime);
        CHECK_STREQ(f.unit, "berth@web.service");
        CHECK(properties_find(&f.asked, "TasksMax")->value.number == 7);

        f.result = 1;
        f.error = SD_BUS_ERROR_UNKNOWN_PROPERTY;
        CHECK_OK(ops->set_properties(f.backend, "berth@web.service", NULL, false, &limits, on_done, &f));
        CHECK_ERR(wait_for(&f), E_UNKNOWN_PROPERTY);
}

TEST(properties_survive_the_passage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *copy = NULL;
        Properties first = {}, second = {};
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(sd_bus_message_new_signal(f.pair.client, &m, "/x", "x.x", "X"));
        CHECK_OK(sd_bus_message_append(m, "a(sv)", 5, "DeviceAllow", "a(ss)", 2, "/dev/fuse", "rwm",
                                       "char-pts", "rw",
                                       "CPUWeight", "t", UINT64_C(100), "Delegate", "b", 1, "Empty", "as", 0,
                                       "Level", "(sa{sv})", "x", 1, "y", "i", -1));
        CHECK_OK(sd_bus_message_seal(m, 1, 0));
        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_OK(properties_read(m, &first));
        CHECK(first.n == 5);

        CHECK_OK(sd_bus_message_new_signal(f.pair.client, &copy, "/x", "x.x", "X"));
        CHECK_OK(sd_bus_message_open_container(copy, 'a', "(sv)"));
        CHECK_OK(properties_append(copy, &first));
        CHECK_OK(sd_bus_message_close_container(copy));
        CHECK_OK(sd_bus_message_seal(copy, 1, 0));
        CHECK_OK(sd_bus_message_rewind(copy, true));
        CHECK_OK(properties_read(copy, &second));

        CHECK(second.n == 5);
        CHECK_STREQ(second.list[0].value.items[1].items[0].text, "char-pts");
        CHECK(second.list[3].value.n_items == 0);
        CHECK((int32_t) second.list[4].value.items[1].items[0].items[1].items[0].number == -1);
        properties_done(&first);
        properties_done(&second);
}

TEST(descriptors_are_no_properties) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(fixture_done) Fixture f;
        Properties p = {};

        fixture_init(&f);
        CHECK_OK(sd_bus_message_new_signal(f.pair.client, &m, "/x", "x.x", "X"));
        CHECK_OK(sd_bus_message_append(m, "a(sv)", 1, "PIDFDs", "ah", 1, STDIN_FILENO));
        CHECK_OK(sd_bus_message_seal(m, 1, 0));
        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_ERR(properties_read(m, &p), EINVAL);
        CHECK(p.n == 0);
}

static void check_value(Property *p, const char *wanted_attribute, const char *wanted_value) {
        _cleanup_(strv_freep) char **values = NULL;
        const char *attribute;

        CHECK_OK(limit_check(p));
        CHECK_OK(limit_format(p, &attribute, &values));
        CHECK_STREQ(attribute, wanted_attribute);
        CHECK(strv_length(values) == 1);
        CHECK_STREQ(values[0], wanted_value);
}

static void check_attribute(const char *name, uint64_t number, const char *attribute, const char *value) {
        Property p = { .name = (char *) name, .value = { .type = 't', .number = number } };

        check_value(&p, attribute, value);
}

TEST(limits_can_be_had_without_systemd) {
        Property unknown = { .name = (char *) "DeviceAllow", .value = { .type = 'a' } };
        Property wrong = { .name = (char *) "TasksMax", .value = { .type = 's' } };
        Value mask[] = { { .type = 'y', .number = 0x83 }, { .type = 'y', .number = 1 } };
        Property cpus = { .name = (char *) "AllowedCPUs",
                          .value = { .type = 'a', .signature = (char *) "y", .items = mask, .n_items = 2 } };

        check_attribute("TasksMax", 100, "pids.max", "100");
        check_attribute("MemoryMax", UINT64_MAX, "memory.max", "max");
        check_attribute("CPUQuotaPerSecUSec", 500000, "cpu.max", "50000 100000");
        check_attribute("CPUQuotaPerSecUSec", 1, "cpu.max", "1000 100000"); /* the kernel's least */
        check_attribute("CPUQuotaPerSecUSec", UINT64_MAX, "cpu.max", "max");
        check_attribute("CPUWeight", 20, "cpu.weight", "20");
        check_attribute("IOWeight", UINT64_MAX, "io.weight", "100");
        check_value(&cpus, "cpuset.cpus", "0,1,7,8");

        CHECK_ERR(limit_check(&unknown), E_UNKNOWN_PROPERTY);
        CHECK_ERR(limit_check(&wrong), EINVAL);
        cpus.value.signature = (char *) "u";
        CHECK_ERR(limit_check(&cpus), EINVAL);
}

TEST(limits_of_a_device_name_its_disk) {
        Value pair[] = { { .type = 's', .text = (char *) "/dev/null" }, { .type = 't', .number = 1000 } };
        Value device = { .type = 'r', .signature = (char *) "st", .items = pair, .n_items = 2 };
        Property p = { .name = (char *) "IOReadBandwidthMax",
                       .value = { .type = 'a', .signature = (char *) "(st)", .items = &device,
                                  .n_items = 1 } };
        const char *attribute;
        char **values;

        CHECK_OK(limit_check(&p));
        CHECK_ERR(limit_format(&p, &attribute, &values), ENOTBLK);
        pair[0].text = (char *) "/dev/there-is-none";
        CHECK_ERR(limit_format(&p, &attribute, &values), ENOENT);
}

TEST(limits_need_their_controllers) {
        Property list[] = {
                { .name = (char *) "TasksMax", .value = { .type = 't', .number = 1 } },
                { .name = (char *) "MemoryMax", .value = { .type = 't', .number = 1 } },
        };
        Properties limits = { .list = list, .n = 2 };

        CHECK_OK(limits_check_controllers(&limits, "cpu memory pids"));
        CHECK_ERR(limits_check_controllers(&limits, "cpu pids"), E_NO_CONTROLLER);
        CHECK_ERR(limits_check_controllers(&limits, "memory\n"), E_NO_CONTROLLER);
}

TEST_MAIN()
