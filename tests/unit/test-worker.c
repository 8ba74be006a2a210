/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/core/worker.h"
#include "tests/test.h"

/* Workers whose jobs are those of tests/lib/fake-worker.c. */
typedef struct Fixture {
        sd_event *event;
        Workers *workers;
        unsigned n_done;
        unsigned n_failed;
        int result;             /* of the last job that is done */
        char answer[32];
        char text[64];
        char progress[16];
        int fds[2];             /* that came with it */
        size_t n_fds;
} Fixture;

static void fixture_init_with(Fixture *f, const char *program) {
        sigset_t mask;

        *f = (Fixture) { .fds = { -EBADF, -EBADF } };
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);
        CHECK_OK(sd_event_new(&f->event));
        CHECK_OK(workers_new(f->event, program, &f->workers));
}

static void fixture_init(Fixture *f) {
        CHECK(getenv("FAKE_WORKER"));
        fixture_init_with(f, getenv("FAKE_WORKER"));
}

static void fixture_done(Fixture *f) {
        (void) workers_free(f->workers);
        sd_event_unref(f->event);
        fds_close(f->fds, ELEMENTSOF(f->fds));
}

static void on_done(void *userdata, int result, const char *text, WorkerAnswer *answer) {
        Fixture *f = userdata;

        CHECK(!answer == (result < 0));
        f->n_done++;
        f->n_failed += result < 0;
        f->result = result;
        (void) snprintf(f->answer, sizeof(f->answer), "%s", answer ? answer->data : "");
        (void) snprintf(f->text, sizeof(f->text), "%s", text ?: "");
        fds_close(f->fds, ELEMENTSOF(f->fds));
        f->n_fds = answer ? answer->n_fds : 0;
        for (size_t i = 0; i < f->n_fds && i < ELEMENTSOF(f->fds); i++)
                f->fds[i] = TAKE_FD(answer->fds[i]);
}

static void on_progress(void *userdata, WorkerAnswer *news) {
        Fixture *f = userdata;

        strncat(f->progress, news->data, sizeof(f->progress) - strlen(f->progress) - 1);
}

static int start(Fixture *f, const char *name, uint64_t *ret_ticket) {
        return workers_run(f->workers, &(WorkerJob) { .name = name }, on_done, f, ret_ticket);
}

static void wait_for(Fixture *f, unsigned n) {
        while (f->n_done < n)
                CHECK_OK(sd_event_run(f->event, UINT64_MAX));
}

static int run_job(Fixture *f, const WorkerJob *job) {
        CHECK_OK(workers_run(f->workers, job, on_done, f, NULL));
        wait_for(f, f->n_done + 1);
        return f->result;
}

static int run(Fixture *f, const char *name) {
        return run_job(f, &(WorkerJob) { .name = name, .limit_usec = 300 * USEC_PER_MSEC });
}

static unsigned count_fds(void) {
        unsigned n = 0;
        DIR *d;

        d = opendir("/proc/self/fd");
        CHECK(d);
        while (readdir(d))
                n++;
        (void) closedir(d);
        return n;
}

static uint64_t now_usec(void) {
        struct timespec t;

        CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &t));
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / NSEC_PER_USEC;
}

TEST(a_job_gets_its_arguments_and_its_answer_comes_back) {
        char *args[] = { (char *) "some words", NULL };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "echo", .args = args }));
        CHECK_STREQ(f.answer, "some words");
        CHECK_STREQ(f.text, "");
}

TEST(descriptors_go_both_ways_in_their_order) {
        _cleanup_(fixture_done) Fixture f;
        struct stat a, b, is;
        int fds[2];

        fixture_init(&f);
        fds[0] = open("/", O_PATH | O_CLOEXEC);
        fds[1] = open("/proc", O_PATH | O_CLOEXEC);
        CHECK_OK(fstat(fds[0], &a));
        CHECK_OK(fstat(fds[1], &b));

        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "give-back", .fds = fds, .n_fds = 2 }));
        CHECK(f.n_fds == 2);
        CHECK_OK(fstat(f.fds[0], &is));
        CHECK(is.st_dev == b.st_dev && is.st_ino == b.st_ino);
        CHECK_OK(fstat(f.fds[1], &is));
        CHECK(is.st_dev == a.st_dev && is.st_ino == a.st_ino);
        CHECK(fcntl(f.fds[0], F_GETFD) == FD_CLOEXEC);
        fds_close(fds, 2);
}

TEST(a_worker_stays_for_the_next_job_but_not_if_it_is_alone) {
        _cleanup_(fixture_done) Fixture f;
        char pid[32];

        fixture_init(&f);
        CHECK_OK(run(&f, "pid"));
        strcpy(pid, f.answer);
        CHECK_OK(run(&f, "pid"));
        CHECK_STREQ(f.answer, pid);

        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "pid", .alone = true }));
        CHECK_OK(run(&f, "pid"));
        CHECK(!streq(f.answer, pid));
}

TEST(what_a_worker_ran_into_is_told) {
        char *args[] = { (char *) "bus", NULL };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_ERR(run_job(&f, &(WorkerJob) { .name = "fail", .args = args }), ENOENT);
        CHECK_STREQ(f.text, "There is no bus?[2J");
        CHECK_ERR(run(&f, "fail-silently"), EIDRM);
        CHECK_STREQ(f.text, "");
        CHECK_ERR(run(&f, "no-such-job"), EOPNOTSUPP);
        CHECK_ERR(run(&f, "echo"), EINVAL);
        CHECK_ERR(run(&f, "give-back"), EINVAL);
        CHECK(workers_count(f.workers) == 1);
}

TEST(progress_is_told_before_the_answer) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "progress", .progress = on_progress }));
        CHECK_STREQ(f.progress, "123");
        CHECK_STREQ(f.answer, "done");
        CHECK_OK(run(&f, "progress"));
}

/* Each of these is an error for its caller, and the next job finds another worker. */
TEST(a_worker_that_dies_or_talks_nonsense_harms_only_its_caller) {
        static const struct {
                const char *name;
                int error;
        } table[] = {
                { "die", EIO },
                { "get-killed", EIO },
                { "leave", EIO },
                { "talk-nonsense", EPROTO },
                { "succeed-impossibly", EPROTO },
                { "talk-too-much", EFBIG },
                { "hang", ETIMEDOUT },
        };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                CHECK_ERR(run(&f, table[i].name), table[i].error);
                CHECK_OK(run(&f, "pid"));
        }
}

TEST(a_worker_has_one_answer) {
        _cleanup_(fixture_done) Fixture f;
        unsigned n;

        fixture_init(&f);
        CHECK_OK(run(&f, "answer-and-die"));
        CHECK_STREQ(f.answer, "last");

        CHECK_OK(run(&f, "answer-twice"));
        CHECK_STREQ(f.answer, "first");
        n = f.n_done;
        while (workers_count(f.workers) > 0)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        CHECK(f.n_done == n);
        CHECK_OK(run(&f, "pid"));
}

TEST(a_worker_that_is_missing_is_told) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init_with(&f, "/nonexistent/berth-worker");
        CHECK_ERR(run(&f, "pid"), ENOEXEC);
}

TEST(processes_and_the_queue_are_bounded) {
        _cleanup_(fixture_done) Fixture f;
        unsigned n = 0;

        fixture_init(&f);
        while (start(&f, "hang", NULL) >= 0)
                n++;
        CHECK(n >= WORKERS_QUEUE_MAX && n < WORKERS_QUEUE_MAX + WORKERS_MAX);

        /* As many as it takes are started in a moment, but no more. */
        for (unsigned i = 0; i < 20; i++)
                CHECK_OK(sd_event_run(f.event, 10 * USEC_PER_MSEC));
        CHECK(workers_count(f.workers) == WORKERS_MAX);
        CHECK(f.n_done == 0);

        while (n < WORKERS_QUEUE_MAX + WORKERS_MAX) {
                CHECK_OK(start(&f, "hang", NULL));
                n++;
        }
        CHECK_ERR(start(&f, "hang", NULL), E_LIMITS_EXCEEDED);
}

TEST(a_machine_that_hangs_leaves_the_others_theirs) {
        _cleanup_(fixture_done) Fixture f;
        unsigned n = 0;
        int r;

        fixture_init(&f);
        while ((r = workers_run(f.workers, &(WorkerJob) { .name = "hang", .machine = "bad" },
                                on_done, &f, NULL)) >= 0)
                n++;
        CHECK_ERR(r, E_LIMITS_EXCEEDED);
        CHECK(n >= WORKERS_QUEUE_PER_MACHINE);

        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "pid", .machine = "good" }));
        CHECK(workers_count(f.workers) <= WORKERS_PER_MACHINE + 1);
        CHECK(f.n_done == 1);
}

TEST(hung_workers_delay_others_by_a_moment_only) {
        _cleanup_(fixture_done) Fixture f;
        uint64_t begin;

        fixture_init(&f);
        for (unsigned i = 0; i < 30; i++)
                CHECK_OK(start(&f, "hang", NULL));

        begin = now_usec();
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "pid" }));
        CHECK(now_usec() - begin < 2 * USEC_PER_SEC);
}

TEST(long_jobs_leave_some_workers_to_short_ones) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (unsigned i = 0; i < WORKERS_MAX; i++)
                CHECK_OK(workers_run(f.workers, &(WorkerJob) { .name = "hang", .alone = true },
                                     on_done, &f, NULL));
        CHECK(workers_count(f.workers) == WORKERS_ALONE_MAX);
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "pid" }));
        CHECK(f.n_done == 1);
}

TEST(a_job_that_goes_on_has_more_time) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(run(&f, "go-on"));
        CHECK_STREQ(f.answer, "done");
}

TEST(a_job_that_is_cancelled_is_not_heard_of) {
        uint64_t running, waiting = 0, last = 0;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(start(&f, "hang", &running));
        for (unsigned i = 0; i < WORKERS_MAX; i++)
                CHECK_OK(workers_run(f.workers, &(WorkerJob) { .name = "hang", .alone = true },
                                     on_done, &f, &waiting));
        CHECK_OK(start(&f, "pid", &last));
        CHECK(workers_count(f.workers) == WORKERS_ALONE_MAX + 2);

        workers_cancel(f.workers, waiting); /* in the queue */
        workers_cancel(f.workers, running);
        workers_cancel(f.workers, running); /* is gone already */
        workers_cancel(f.workers, 4711);

        wait_for(&f, 1);
        CHECK_OK(f.result);
        CHECK(f.n_done == 1);
}

TEST(a_job_may_start_another_when_it_is_done) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (unsigned i = 0; i < 3 * WORKERS_MAX; i++)
                CHECK_OK(workers_run(f.workers, &(WorkerJob) { .name = "pid", .alone = i % 2 == 0 },
                                     on_done, &f, NULL));
        wait_for(&f, 3 * WORKERS_MAX);
        CHECK(f.n_failed == 0);
}

TEST(arguments_that_are_too_long_are_refused) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *large = NULL;
        char *args[] = { NULL, NULL };

        fixture_init(&f);
        large = malloc(JOB_SIZE_MAX);
        CHECK(large);
        memset(large, 'x', JOB_SIZE_MAX - 1);
        large[JOB_SIZE_MAX - 1] = 0;
        args[0] = large;
        CHECK_ERR(workers_run(f.workers, &(WorkerJob) { .name = "pid", .args = args }, on_done, &f, NULL),
                  E2BIG);

        /* The largest one that there may be does get through. */
        large[JOB_SIZE_MAX - 100] = 0;
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "pid", .args = args }));
}

TEST(files_are_accessed_with_the_rights_of_the_job) {
        _cleanup_(fixture_done) Fixture f;

        SKIP_UNLESS(getuid() == 0, "root's privileges");
        fixture_init(&f);
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "ids", .uid = 4711, .gid = 4712 }));
        CHECK_STREQ(f.answer, "4711:4712");
        CHECK_OK(run(&f, "ids"));
        CHECK_STREQ(f.answer, "0:0");
        CHECK(workers_count(f.workers) == 1);
}

TEST(nobodys_rights_do_not_open_roots_files) {
        _cleanup_(fixture_done) Fixture f;
        char directory[] = "/tmp/berth-test-XXXXXX";
        int root_fd, etc_fd, fd;

        SKIP_UNLESS(getuid() == 0, "root's privileges");
        CHECK(getenv("BERTH_WORKER"));
        fixture_init_with(&f, getenv("BERTH_WORKER"));

        CHECK(mkdtemp(directory));
        CHECK_OK(chmod(directory, 0755));
        root_fd = open(directory, O_PATH | O_CLOEXEC);
        CHECK_OK(mkdirat(root_fd, "etc", 0755));
        etc_fd = openat(root_fd, "etc", O_PATH | O_CLOEXEC);
        fd = openat(etc_fd, "os-release", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        CHECK(write(fd, "ID=x\n", 5) == 5);

        CHECK_ERR(run_job(&f, &(WorkerJob) { .name = "os-release", .fds = &root_fd, .n_fds = 1,
                                             .uid = 4711, .gid = 65534 }), EACCES);
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "os-release", .fds = &root_fd, .n_fds = 1 }));
        CHECK_STREQ(f.answer, "ID=x\n");
        CHECK_OK(run_job(&f, &(WorkerJob) { .name = "root-directory", .fds = &root_fd, .n_fds = 1,
                                            .uid = 4711, .gid = 65534 }));
        CHECK(f.n_fds == 1);
        CHECK_OK(fchdir(f.fds[0]));
        CHECK(workers_count(f.workers) == 1);

        CHECK_OK(unlinkat(etc_fd, "os-release", 0));
        CHECK_OK(unlinkat(root_fd, "etc", AT_REMOVEDIR));
        CHECK_OK(chdir("/"));
        CHECK_OK(rmdir(directory));
        fds_close((int[]) { root_fd, etc_fd, fd }, 3);
}

TEST(five_thousand_jobs_leave_nothing) {
        _cleanup_(fixture_done) Fixture f;
        char worker_fds[32];
        unsigned n_fds;
        size_t used = 0;
        int fd;

        fixture_init(&f);
        fd = open("/", O_PATH | O_CLOEXEC);

        CHECK_OK(run(&f, "count-fds"));
        n_fds = count_fds() - 2; /* but for the socket and the pidfd of the worker */
        strcpy(worker_fds, f.answer);

        for (unsigned i = 0; i < 5000; i++) {
                static const char *const table[] = { "pid", "give-back", "fail-silently", "progress" };

                /* Some of the queue's length at a time. */
                CHECK_OK(workers_run(f.workers,
                                     &(WorkerJob) { .name = table[i % 4], .fds = &fd, .n_fds = 1,
                                                    .alone = i % 100 == 0 },
                                     on_done, &f, NULL));
                if (i % 500 == 499)
                        wait_for(&f, i + 2);
                if (i == 499) /* by when the event loop has the tables that it keeps */
                        used = mallinfo2().uordblks;
        }
        CHECK(f.n_done == 5001);
        CHECK(f.n_failed == 1250);

        CHECK_OK(run(&f, "count-fds"));
        CHECK_STREQ(f.answer, worker_fds);

        /* Who has nothing to do goes, too. */
        while (workers_count(f.workers) > 0)
                CHECK_OK(sd_event_run(f.event, UINT64_MAX));
        fds_close(f.fds, ELEMENTSOF(f.fds));
        CHECK(count_fds() == n_fds);
        /* Under valgrind, nothing that is freed counts as such for a while. */
        CHECK(getenv("TEST_VALGRIND") || mallinfo2().uordblks <= used + 16 * 1024);
        (void) close(fd);
}

TEST_MAIN()
