/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "daemon/core/worker.h"
#include "lib/base/file.h"
#include "tests/test.h"

/* Workers whose program is a script of the test's. */
typedef struct Fixture {
        sd_event *event;
        Workers *workers;
        char program[32];
        int result;             /* 1: no answer yet */
        char answer[16];
} Fixture;

static void fixture_init(Fixture *f, const char *script) {
        sigset_t mask;

        *f = (Fixture) { .result = 1, .program = "/tmp/berth-test-XXXXXX" };
        CHECK(mkdtemp(f->program));
        CHECK_OK(rmdir(f->program));
        CHECK_OK(file_replace(AT_FDCWD, f->program, 0700, script));

        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);
        CHECK_OK(sd_event_new(&f->event));
        CHECK_OK(workers_new(f->event, f->program, &f->workers));
}

static void fixture_done(Fixture *f) {
        (void) workers_free(f->workers);
        sd_event_unref(f->event);
        (void) unlink(f->program);
}

static void on_done(void *userdata, int result, const char *answer) {
        Fixture *f = userdata;

        f->result = result;
        (void) snprintf(f->answer, sizeof(f->answer), "%s", answer ?: "");
}

static int run(Fixture *f) {
        CHECK_OK(workers_run(f->workers, "job", STDIN_FILENO, on_done, f));
        while (f->result == 1)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));

        return f->result;
}

TEST(the_answer_is_what_a_worker_prints) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, "#!/bin/sh\necho \"$1\"\n");
        CHECK_OK(run(&f));
        CHECK_STREQ(f.answer, "job\n");
}

TEST(the_exit_status_of_a_worker_is_its_errno) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, "#!/bin/sh\necho half; exit 2\n");
        CHECK_ERR(run(&f), ENOENT);
        CHECK_STREQ(f.answer, "");
}

TEST(an_answer_without_end_is_cut) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, "#!/bin/sh\nwhile :; do echo more and more; done\n");
        CHECK_ERR(run(&f), EFBIG);
}

TEST(a_worker_that_is_killed_has_no_answer) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, "#!/bin/sh\necho half; kill -KILL $$\n");
        CHECK_ERR(run(&f), EIO);
}

TEST(a_worker_that_is_missing_is_told) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, "#!/bin/sh\n");
        CHECK_OK(unlink(f.program));
        CHECK_ERR(run(&f), ENOEXEC);
}

TEST(workers_are_bounded_and_end_with_the_daemon) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, "#!/bin/sh\nexec sleep 1000\n");
        for (unsigned i = 0; i < WORKERS_MAX; i++)
                CHECK_OK(workers_run(f.workers, "job", STDIN_FILENO, on_done, &f));
        CHECK_ERR(workers_run(f.workers, "job", STDIN_FILENO, on_done, &f), EBUSY);
        CHECK(f.result == 1);
}

/* Takes as long as a worker may. */
TEST(a_worker_that_hangs_is_given_up) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, "#!/bin/sh\nexec sleep 1000\n");
        CHECK_ERR(run(&f), ETIMEDOUT);
}

TEST_MAIN()
