/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#include "lib/base/file.h"
#include "lib/kernel/pump.h"
#include "tests/test.h"

#define MUCH ((size_t) 1024 * 1024)

typedef struct Fixture {
        int from, to;                   /* the pump's */
        int source, sink;               /* ours */
        Pump *pump;
} Fixture;

static void fixture_done(Fixture *f) {
        (void) pump_free(f->pump);
        closep(&f->from);
        closep(&f->to);
        closep(&f->source);
        closep(&f->sink);
}

static void open_pipe(int *ret_read, int *ret_write) {
        int fds[2];

        CHECK_OK(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
        *ret_read = fds[0];
        *ret_write = fds[1];
}

/* From a pipe to a pipe, if there is not a file already in its place. */
static void fixture_start(Fixture *f) {
        (void) signal(SIGPIPE, SIG_IGN);
        if (f->from < 0)
                open_pipe(&f->from, &f->source);
        if (f->to < 0)
                open_pipe(&f->sink, &f->to);
        CHECK_OK(pump_new(f->from, f->to, &f->pump));
}

#define FIXTURE_INIT { -EBADF, -EBADF, -EBADF, -EBADF, NULL }

/* Returns what the pump said last: 0 if it waits. */
static int run(Fixture *f) {
        struct pollfd p = { pump_fd(f->pump), POLLIN, 0 };
        int r = 0;

        while (r == 0 && poll(&p, 1, 0) > 0)
                r = pump_dispatch(f->pump);

        return r;
}

static void expect(Fixture *f, const char *wanted) {
        char got[64] = "";

        CHECK(read(f->sink, got, sizeof(got) - 1) == (ssize_t) strlen(wanted));
        CHECK_STREQ(got, wanted);
}

static void say(Fixture *f, const char *text) {
        CHECK(write(f->source, text, strlen(text)) == (ssize_t) strlen(text));
}

TEST(what_comes_is_passed_on_until_it_ends) {
        _cleanup_(fixture_done) Fixture f = FIXTURE_INIT;

        fixture_start(&f);
        CHECK(run(&f) == 0);
        say(&f, "one");
        CHECK(run(&f) == 0);
        expect(&f, "one");

        say(&f, "two");
        closep(&f.source);
        f.source = -EBADF;
        CHECK(run(&f) == 1);
        expect(&f, "two");
}

TEST(a_file_is_read_as_its_reader_takes_it) {
        _cleanup_(fixture_done) Fixture f = FIXTURE_INIT;
        static char block[65536];
        size_t n = 0;
        ssize_t k;
        int r;

        CHECK_OK(f.from = memfd_create("file", MFD_CLOEXEC));
        CHECK_OK(ftruncate(f.from, (off_t) MUCH));
        fixture_start(&f);
        do {
                r = run(&f);
                CHECK_OK(r);
                while ((k = read(f.sink, block, sizeof(block))) > 0)
                        n += (size_t) k;
        } while (r == 0);

        CHECK(n == MUCH);
}

TEST(a_file_takes_all_that_comes) {
        _cleanup_(fixture_done) Fixture f = FIXTURE_INIT;
        _cleanup_free_ char *text = NULL;

        CHECK_OK(f.to = memfd_create("file", MFD_CLOEXEC));
        fixture_start(&f);
        say(&f, "one ");
        CHECK(run(&f) == 0);
        say(&f, "two");
        CHECK(pump_finish(f.pump) == 1);
        CHECK(lseek(f.to, 0, SEEK_SET) == 0);
        CHECK_OK(fd_read_all(f.to, 64, &text, NULL));
        CHECK_STREQ(text, "one two");
}

TEST(a_reader_that_goes_ends_it) {
        _cleanup_(fixture_done) Fixture f = FIXTURE_INIT;

        fixture_start(&f);
        closep(&f.sink);
        f.sink = -EBADF;
        say(&f, "one");
        CHECK(run(&f) == 1);
}

TEST(finishing_waits_for_the_reader_and_not_for_more) {
        _cleanup_(fixture_done) Fixture f = FIXTURE_INIT;
        static char block[65536];
        int r;

        fixture_start(&f);
        while (write(f.source, block, sizeof(block)) > 0)
                CHECK(run(&f) == 0);
        r = pump_finish(f.pump);
        CHECK(r == 0);

        /* There is always more. */
        for (int i = 0; r == 0; i++) {
                CHECK(i < 1000);
                (void) write(f.source, block, sizeof(block));
                (void) read(f.sink, block, sizeof(block));
                r = run(&f);
        }
        CHECK(r == 1);
}

TEST_MAIN()
