/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parsers of what the kernel says of a guest, and how items are looked at. */

#include <signal.h>

#include "client/check/examine.h"
#include "client/check/mountinfo.h"
#include "client/check/subject.h"
#include "lib/kernel/process.h"
#include "tests/test.h"

TEST(mountinfo_is_taken_apart) {
        _cleanup_(mounts_done) Mounts mounts = {};
        const Mount *m;

        CHECK_OK(mounts_parse("1 0 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda rw,a=b\n"
                                      "2 1 0:5 / /sys ro,nosuid - sysfs sysfs rw\n"
                                      "3 1 0:6 / /with\\040blank rw - tmpfs none ro,size=4k\n"
                                      "4 1 0:7 / /sys rw shared:3 - tmpfs tmpfs rw\n", &mounts));
        CHECK(mounts.n == 4);

        m = mounts_find(&mounts, "/");
        CHECK(m);
        CHECK(m->shared && m->slave);
        CHECK_STREQ(m->type, "ext4");
        CHECK(!mount_is_read_only(m));

        /* The last one at a path lies over the others. */
        m = mounts_find(&mounts, "/sys");
        CHECK(m);
        CHECK_STREQ(m->type, "tmpfs");
        CHECK(!m->slave);

        m = mounts_find(&mounts, "/with blank");
        CHECK(m);
        CHECK(mount_is_read_only(m));
        CHECK(!mounts_find(&mounts, "/with\\040blank"));
}

TEST(lines_that_are_none_are_passed_over) {
        static const char *const bad[] = {
                "", "\n\n", "1 2 3", "1 0 8:1 / / rw shared:1", "1 0 8:1 / / rw - ext4", "- - - - - -",
                "\\", "a b c d e f - g",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(mounts_done) Mounts mounts = {};

                CHECK_OK(mounts_parse(bad[i], &mounts));
                CHECK(mounts.n == 0);
        }
}

TEST(options_are_not_taken_for_others) {
        char ro[] = "ro,nosuid", rw[] = "rw", other[] = "rw,root=ro", none[] = "rota";

        CHECK(mount_is_read_only(&(Mount) { .options = ro, .super_options = rw }));
        CHECK(mount_is_read_only(&(Mount) { .options = rw, .super_options = ro }));
        CHECK(!mount_is_read_only(&(Mount) { .options = other, .super_options = none }));
}

TEST(variables_are_found_in_an_environment) {
        static const char block[] = "A=1\0container=x\0container_uuid=y\0EMPTY=\0=z\0last=no end";
        size_t size = sizeof(block) - 1;

        CHECK_STREQ(environment_block_find(block, size, "container"), "x");
        CHECK_STREQ(environment_block_find(block, size, "container_uuid"), "y");
        CHECK_STREQ(environment_block_find(block, size, "EMPTY"), "");
        CHECK_STREQ(environment_block_find(block, size, "last"), "no end");
        CHECK(!environment_block_find(block, size, "contain"));
        CHECK(!environment_block_find("", 0, "A"));
}

TEST(masks_are_found_in_a_status) {
        static const char text[] = "Name:\tCapBnd:\t1\nSigBlk:\t0000000000000010\n"
                                   "CapBnd:\t000001ffffffffff\nCapAmb:\tzz\n";
        uint64_t bits;

        CHECK_OK(status_find_mask(text, "CapBnd", &bits));
        CHECK(bits == 0x1ffffffffff);
        CHECK_OK(status_find_mask(text, "SigBlk", &bits));
        CHECK(bits == 0x10);
        CHECK(status_find_mask(text, "CapAmb", &bits) == -ENODATA);
        CHECK(status_find_mask(text, "CapPrm", &bits) == -ENODATA);
}

TEST(items_are_numbered_as_they_come) {
        unsigned number = 0;

        for (const Item *const *chapter = item_chapters; *chapter; chapter++)
                for (const Item *item = *chapter; item->name; item++) {
                        CHECK(item->number == ++number);
                        CHECK(item->how);
                        CHECK(item->look);
                }

        CHECK(number == 51);
}

static void look_well(const Subject *s, Answer *a) {
        (void) s;
        answer_pass(a, "%s\n%s", "two\x1b[31m", "lines");
}

static void look_away(const Subject *s, Answer *a) {
        (void) s;
        (void) a;
        (void) raise(SIGKILL);
}

static void look_long(const Subject *s, Answer *a) {
        (void) s;
        (void) pause();
        answer_pass(a, "not reached");
}

TEST(one_item_does_not_harm_the_next) {
        static const Item items[] = {
                { 1, "ends", "", look_away },
                { 2, "stays", "", look_long },
                { 3, "sees", "", look_well },
                {}
        };
        const Item *const chapters[] = { items, NULL };
        _cleanup_(subject_done) Subject s;
        Examination e;

        subject_init(&s);
        s.leader = process_open(getpid());
        CHECK(s.leader >= 0);

        examine(&s, chapters, 100 * USEC_PER_MSEC, &e);
        CHECK(e.n == 3);
        CHECK(e.answers[0].verdict == VERDICT_UNKNOWN);
        CHECK(e.answers[1].verdict == VERDICT_UNKNOWN);
        CHECK_STREQ(e.answers[1].evidence, "took too long");
        CHECK(e.answers[2].verdict == VERDICT_PASS);
        CHECK_STREQ(e.answers[2].evidence, "two?[31m?lines");
        CHECK(examination_count(&e, VERDICT_UNKNOWN) == 2);
}

TEST_MAIN()
