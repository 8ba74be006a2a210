/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/stats.h"
#include "lib/bus/connect.h"
#include "lib/kernel/cgroup.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

static sd_bus_message *write_message(Fixture *f, const MachineStats *stats) {
        sd_bus_message *m;

        CHECK_OK(sd_bus_message_new_signal(f->pair.server, &m, "/", "org.example.Test", "Test"));
        CHECK_OK(bus_write_stats(m, stats));
        CHECK_OK(sd_bus_message_seal(m, 1, 0));
        return m;
}

/* Goes to the value of @key; returns whether there is one. */
static bool find_key(sd_bus_message *m, const char *key) {
        const char *found;

        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_OK(sd_bus_message_enter_container(m, 'a', "{sv}"));
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                CHECK_OK(sd_bus_message_read(m, "s", &found));
                if (streq(found, key))
                        return true;
                CHECK_OK(sd_bus_message_skip(m, "v"));
                CHECK_OK(sd_bus_message_exit_container(m));
        }

        return false;
}

TEST(what_is_known_is_told) {
        NetlinkTraffic links[] = {
                { .name = "ve-web", .received = { 1, 2, 3, 4 }, .sent = { 5, 6, 7, 8 } },
        };
        MachineStats stats = { .links = links, .n_links = 1 };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(fixture_done) Fixture f;
        uint64_t t, n[8];
        const char *name;
        double avg10;
        int b;

        stats.group.is_known[CGROUP_CPU_USAGE_USEC] = stats.group.is_known[CGROUP_MEMORY_MAX] =
                stats.group.is_known[CGROUP_FROZEN] = true;
        stats.group.values[CGROUP_CPU_USAGE_USEC] = 17;
        stats.group.values[CGROUP_MEMORY_MAX] = CGROUP_NO_LIMIT;
        stats.group.values[CGROUP_FROZEN] = 1;
        stats.group.full[CGROUP_MEMORY] = (CgroupPressure) {
                .is_known = true, .avg10 = 1.5, .total_usec = 9 };

        fixture_init(&f);
        m = write_message(&f, &stats);

        CHECK(find_key(m, "CPUUsageNSec"));
        CHECK_OK(sd_bus_message_read(m, "v", "t", &t));
        CHECK(t == 17000);
        CHECK(find_key(m, "MemoryMax"));
        CHECK_OK(sd_bus_message_read(m, "v", "t", &t));
        CHECK(t == UINT64_MAX);
        CHECK(find_key(m, "Frozen"));
        CHECK_OK(sd_bus_message_read(m, "v", "b", &b));
        CHECK(b);
        CHECK(!find_key(m, "MemoryCurrent"));

        CHECK(find_key(m, "Network"));
        CHECK_OK(sd_bus_message_read(m, "v", "a{s(tttttttt)}", 1, &name, &n[0], &n[1], &n[2], &n[3],
                                     &n[4], &n[5], &n[6], &n[7]));
        CHECK_STREQ(name, "ve-web");
        for (size_t i = 0; i < 8; i++)
                CHECK(n[i] == i + 1);

        CHECK(find_key(m, "Pressure"));
        CHECK_OK(sd_bus_message_read(m, "v", "a{s(dddt)}", 1, &name, &avg10, NULL, NULL, &t));
        CHECK_STREQ(name, "memory-full");
        CHECK(avg10 > 1.49 && avg10 < 1.51 && t == 9);
}

TEST(what_is_not_known_is_left_out) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        m = write_message(&f, &(MachineStats) {});
        CHECK(!find_key(m, "Network"));
        CHECK(!find_key(m, "Pressure"));
}

TEST(everybody_may_ask_what_the_host_uses) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        uint64_t usage;

        SKIP_UNLESS(cgroup_mount_point(), "the unified hierarchy");
        fixture_init(&f);
        f.grants = false;
        reply = fixture_call(&f, HOST, BERTH_MACHINE, "GetStats", NULL);

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK(f.n_asked == 0);
        CHECK(find_key(reply, "CPUUsageNSec"));
        CHECK_OK(sd_bus_message_read(reply, "v", "t", &usage));
        CHECK(usage > 0);
        CHECK(!find_key(reply, "MemoryMax"));
        CHECK(!find_key(reply, "Network"));
}

TEST(a_machine_whose_group_has_gone_has_gone) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        reply = fixture_call(&f, WEB, BERTH_MACHINE, "GetStats", NULL);
        CHECK(sd_bus_message_is_method_error(reply, "org.freedesktop.machine1.NoSuchMachine"));
}

TEST_MAIN()
