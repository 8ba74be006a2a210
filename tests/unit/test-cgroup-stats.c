/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "lib/base/file.h"
#include "lib/kernel/cgroup-stats.h"
#include "lib/kernel/cgroup.h"
#include "tests/test.h"

/* A directory with the files of a control group, as far as a test has written them. */
typedef struct Group {
        char path[32];
        int fd;
} Group;

static const char *const file_table[] = {
        "cgroup.events", "cpu.pressure", "cpu.stat", "io.pressure", "io.stat", "memory.current",
        "memory.events", "memory.max", "memory.peak", "memory.pressure", "memory.swap.current",
        "pids.current", "pids.max",
};

static void group_init(Group *g) {
        strcpy(g->path, "/tmp/test-group-XXXXXX");
        CHECK(mkdtemp(g->path));
        g->fd = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_OK(g->fd);
}

static void group_done(Group *g) {
        for (size_t i = 0; i < ELEMENTSOF(file_table); i++)
                (void) unlinkat(g->fd, file_table[i], 0);
        (void) close(g->fd);
        CHECK_OK(rmdir(g->path));
}

static void group_write(Group *g, const char *file, const char *text) {
        CHECK_OK(file_replace(g->fd, file, 0600, text));
}

TEST(all_files_of_a_group_are_read) {
        _cleanup_(group_done) Group g;
        CgroupStats s = {};

        group_init(&g);
        group_write(&g, "cpu.stat", "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 7\n");
        group_write(&g, "memory.current", "1048576\n");
        group_write(&g, "memory.peak", "2097152\n");
        group_write(&g, "memory.max", "4194304\n");
        group_write(&g, "memory.swap.current", "0\n");
        group_write(&g, "memory.events", "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n");
        group_write(&g, "pids.current", "12\n");
        group_write(&g, "pids.max", "max\n");
        group_write(&g, "cgroup.events", "populated 1\nfrozen 1\n");
        group_write(&g, "io.stat", "8:0 rbytes=100 wbytes=20 rios=1 wios=1 dbytes=9 dios=9\n"
                                   "253:1 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=9 dios=9\n");
        group_write(&g, "cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.01 total=123456\n"
                                        "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
        group_write(&g, "memory.pressure", "some avg10=2.00 avg60=0.00 avg300=0.00 total=1\n");

        cgroup_stats_read_at(g.fd, &s);
        for (CgroupStat i = 0; i < _CGROUP_STAT_MAX; i++)
                CHECK(s.is_known[i]);
        CHECK(s.values[CGROUP_CPU_USAGE_USEC] == 5000);
        CHECK(s.values[CGROUP_CPU_USER_USEC] == 3000);
        CHECK(s.values[CGROUP_CPU_SYSTEM_USEC] == 2000);
        CHECK(s.values[CGROUP_MEMORY_CURRENT] == 1048576);
        CHECK(s.values[CGROUP_MEMORY_PEAK] == 2097152);
        CHECK(s.values[CGROUP_MEMORY_MAX] == 4194304);
        CHECK(s.values[CGROUP_SWAP_CURRENT] == 0);
        CHECK(s.values[CGROUP_OOM_KILLS] == 4);
        CHECK(s.values[CGROUP_TASKS_CURRENT] == 12);
        CHECK(s.values[CGROUP_TASKS_MAX] == CGROUP_NO_LIMIT);
        CHECK(s.values[CGROUP_FROZEN] == 1);
        CHECK(s.values[CGROUP_IO_READ] == 101);
        CHECK(s.values[CGROUP_IO_WRITTEN] == 22);

        CHECK(s.some[CGROUP_CPU].is_known && s.full[CGROUP_CPU].is_known);
        CHECK(s.some[CGROUP_CPU].avg10 > 1.49 && s.some[CGROUP_CPU].avg10 < 1.51);
        CHECK(s.some[CGROUP_CPU].avg60 > 0.24 && s.some[CGROUP_CPU].avg300 < 0.02);
        CHECK(s.some[CGROUP_CPU].total_usec == 123456);
        CHECK(s.full[CGROUP_CPU].total_usec == 7);
        CHECK(s.some[CGROUP_MEMORY].is_known && !s.full[CGROUP_MEMORY].is_known);
        CHECK(!s.some[CGROUP_IO].is_known);
}

TEST(what_is_not_there_or_makes_no_sense_is_not_known) {
        _cleanup_(group_done) Group g;
        CgroupStats s = {};

        group_init(&g);
        group_write(&g, "cpu.stat", "usage_usec many\nuser_usecs 1\nsystem_usec 9\n");
        group_write(&g, "memory.current", "-1\n");
        group_write(&g, "memory.peak", "max\n");
        group_write(&g, "memory.max", "");
        group_write(&g, "io.stat", "");
        group_write(&g, "cpu.pressure", "some avg10=x\n");

        cgroup_stats_read_at(g.fd, &s);
        for (CgroupStat i = 0; i < _CGROUP_STAT_MAX; i++)
                CHECK(s.is_known[i] == (i == CGROUP_CPU_SYSTEM_USEC || i == CGROUP_IO_READ ||
                                        i == CGROUP_IO_WRITTEN));
        CHECK(s.values[CGROUP_IO_READ] == 0);
        CHECK(!s.some[CGROUP_CPU].is_known);
}

TEST(the_group_above_fills_in_what_is_missing) {
        _cleanup_(group_done) Group below, above;
        CgroupStats s = {};

        group_init(&below);
        group_init(&above);
        group_write(&below, "pids.current", "3\n");
        group_write(&below, "pids.max", "max\n");
        group_write(&below, "memory.max", "1000\n");
        group_write(&above, "pids.current", "4\n");
        group_write(&above, "pids.max", "100\n");
        group_write(&above, "memory.max", "2000\n");
        group_write(&above, "memory.current", "500\n");

        cgroup_stats_read_at(below.fd, &s);
        cgroup_stats_read_at(above.fd, &s);
        CHECK(s.values[CGROUP_TASKS_CURRENT] == 3);
        CHECK(s.values[CGROUP_TASKS_MAX] == 100);
        CHECK(s.values[CGROUP_MEMORY_MAX] == 1000);
        CHECK(s.values[CGROUP_MEMORY_CURRENT] == 500);
}

TEST(a_key_is_a_whole_word_at_the_begin_of_a_line) {
        uint64_t value;

        CHECK_OK(cgroup_stat_parse("oom 1\noom_kill 2", "oom", &value));
        CHECK(value == 1);
        CHECK_OK(cgroup_stat_parse("oom 1\noom_kill 2", "oom_kill", &value));
        CHECK(value == 2);
        CHECK_ERR(cgroup_stat_parse("xoom 1\n", "oom", &value), ENOENT);
        CHECK_ERR(cgroup_stat_parse("", "oom", &value), ENOENT);
        CHECK_ERR(cgroup_stat_parse("oom \n", "oom", &value), EBADMSG);
}

TEST(a_group_that_is_not_there_is_an_error) {
        CgroupStats s = {};

        SKIP_UNLESS(cgroup_mount_point(), "the unified hierarchy");
        CHECK_ERR(cgroup_stats_read("/no-such-group-here", &s), ENOENT);
        CHECK_ERR(cgroup_stats_read("/../etc", &s), EINVAL);
        CHECK_OK(cgroup_stats_read("/", &s));
}

TEST_MAIN()
