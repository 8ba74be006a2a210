/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "tests/test.h"

#define ROUNDS 10000

static _Noreturn void remove_always(const char *path) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;)
                (void) rmdir(path);
}

/* As the last of other machines in a slice does. */
TEST(a_parent_that_is_removed_meanwhile_is_made_again) {
        _cleanup_free_ char *parent = NULL, *child = NULL, *path = NULL;
        pid_t pid;

        SKIP_UNLESS(geteuid() == 0 && cgroup_mount_point(), "root, and a unified hierarchy");

        CHECK_OK(text_printf(&parent, "/berth-test-%i", (int) getpid()));
        CHECK_OK(text_printf(&child, "%s/child", parent));
        CHECK_OK(text_printf(&path, "%s%s", cgroup_mount_point(), parent));

        pid = fork();
        if (pid == 0)
                remove_always(path);
        CHECK_OK(pid);

        for (unsigned i = 0; i < ROUNDS; i++) {
                CHECK_OK(cgroup_make(child));
                CHECK_OK(cgroup_remove(child));
        }

        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        CHECK_OK(cgroup_remove(parent));
}

TEST_MAIN()
