/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/uid-range.h"
#include "runtime/place.h"
#include "tests/test.h"

/* What its last holder removes just before somebody else has it locked. */
static const char *going;

int flock(int fd, int operation) {
        if (going)
                (void) remove(going);
        going = NULL;
        return (int) syscall(SYS_flock, fd, operation);
}

/* A /run of our own, that others do not see. */
static void hide_run(void) {
        SKIP_UNLESS(geteuid() == 0, "root");
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
        CHECK_OK(mount("tmpfs", "/run", "tmpfs", 0, NULL));
}

TEST(a_place_that_is_removed_meanwhile_is_made_again) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st, held;

        hide_run();
        CHECK_OK(directory_make(PLACES "/here", 0755));
        going = PLACES "/here";
        fd = place_take("here");
        CHECK_OK(fd);
        CHECK_OK(fstat(fd, &held));
        CHECK_OK(stat(PLACES "/here", &st));
        CHECK(!going && st.st_ino == held.st_ino);
        CHECK_ERR(place_take("here"), E_MACHINE_EXISTS);
        place_remove("here", fd);
}

TEST(a_range_whose_lock_is_removed_meanwhile_is_not_taken) {
        const uint32_t base = UID_POOL_MIN + 7 * UID_BLOCK;
        _cleanup_free_ char *lock = NULL;
        UidRange range = UID_RANGE_NONE;

        hide_run();
        CHECK_OK(text_printf(&lock, "/run/systemd/nspawn-uid/%u", base));
        CHECK_OK(uid_range_pick("here", base, &range));
        CHECK(range.base == base && access(lock, F_OK) >= 0);
        uid_range_release(&range);
        CHECK(access(lock, F_OK) < 0);

        going = lock;
        CHECK_OK(uid_range_pick("here", base, &range));
        CHECK(!going && range.base != base);
        uid_range_release(&range);
}

TEST_MAIN()
