/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "daemon/core/operation.h"
#include "lib/base/text.h"
#include "tests/lib/fake-scope.h"
#include "tests/lib/remove-tree.h"
#include "tests/lib/sleeper.h"
#include "tests/test.h"

#define OWNER 4711
#define OTHER 4712

/* A manager with one machine, and the test as the authority. */
typedef struct Fixture {
        char directory[32], machined[64], own[64];
        sd_event *event;
        FakeScope scope;
        Manager *manager;
        Operations *operations;
        pid_t leader;

        unsigned n_asked;
        int refuses;                    /* what the authority says at once, or 0 */
        char action[64], details[256];
        AuthorityDone verdict;
        void *of_verdict;

        unsigned n_run, n_done;
        bool waits;                     /* run() leaves it to the test */
        int fails;                      /* or says that */
        Operation *operation;
        int result;
        char text[256];
} Fixture;

static int plan_nothing(_unused_ Creation *c) {
        return 0;
}

static int ask(
                void *authority,
                _unused_ const Caller *caller,
                const char *action,
                const char *const *details,
                AuthorityDone done,
                void *userdata) {

        Fixture *f = authority;

        f->n_asked++;
        (void) snprintf(f->action, sizeof(f->action), "%s", action);
        f->details[0] = 0;
        for (; *details; details++) {
                strcat(f->details, *details);
                strcat(f->details, " ");
        }
        f->verdict = done;
        f->of_verdict = userdata;
        return f->refuses;
}

static void on_created(_unused_ void *userdata, int result, _unused_ const char *where, Machine *m) {
        CHECK_OK(result);
        machine_info_edit(m)->uid = OWNER;
}

static void create(Fixture *f) {
        CreateRequest q = {
                .name = strdup("web"), .class = strdup("container"), .leader = f->leader,
                .wants_scope = true,
        };

        CHECK_OK(manager_create(f->manager, &q, on_created, NULL));
        create_request_done(&q);
}

static void fixture_init(Fixture *f) {
        *f = (Fixture) { .leader = start_sleeper() };
        strcpy(f->directory, "/tmp/berth-test-XXXXXX");
        CHECK(mkdtemp(f->directory));
        (void) snprintf(f->machined, sizeof(f->machined), "%s/machined", f->directory);
        (void) snprintf(f->own, sizeof(f->own), "%s/own", f->directory);

        CHECK_OK(sd_event_new(&f->event));
        fake_scope_init(&f->scope);
        CHECK_OK(manager_new(&(ManagerConfig) {
                        .event = f->event,
                        .scope = &f->scope.backend,
                        .plan = plan_nothing,
                        .machined_directory = f->machined,
                        .own_directory = f->own }, &f->manager));
        CHECK_OK(operations_new(&(OperationsConfig) {
                        .manager = f->manager,
                        .authority = { .ask = ask, .authority = f } }, &f->operations));
        create(f);
}

static void fixture_done(Fixture *f) {
        (void) manager_free(f->manager);
        (void) operations_free(f->operations);
        sd_event_unref(f->event);
        end_sleeper(f->leader);
        remove_tree(f->directory);
}

static int run(Operation *o) {
        Fixture *f = o->userdata;

        f->n_run++;
        f->operation = o;
        return f->waits ? 0 : f->fails < 0 ? f->fails : 1;
}

static void on_done(void *userdata, int result, const char *text, _unused_ OperationAnswer *answer) {
        Fixture *f = userdata;

        f->n_done++;
        f->result = result;
        (void) snprintf(f->text, sizeof(f->text), "%s", text ?: "");
}

static void submit(Fixture *f, const OperationKind *kind, const char *machine, uid_t uid) {
        OperationRequest q = {
                .kind = kind,
                .caller = { .uid = uid, .pidfd = -EBADF },
                .machine = strdup(machine),
                .user = strdup("joe"),
                .destination = strdup("/to"),
        };

        operation_submit(f->operations, &q, on_done, f);
}

static const OperationKind free_kind = { .verb = "see", .failure = "Cannot see", .run = run };
static const OperationKind asked_kind = {
        .verb = "do", .failure = "Cannot do", .action = "a.b.do", .host_action = "a.b.host-do", .run = run,
};
static const OperationKind owner_kind = {
        .verb = "own", .failure = "Cannot own", .action = "a.b.own", .owner_may = true, .run = run,
};

TEST(root_and_where_the_row_says_so_the_owner_need_not_be_asked_for) {
        const struct {
                const OperationKind *kind;
                const char *machine;
                uid_t uid;
                const char *asked;
        } table[] = {
                { &free_kind, "web", OTHER, NULL },
                { &free_kind, "web", CALLER_UNKNOWN, NULL },
                { &asked_kind, "web", 0, NULL },
                { &asked_kind, "web", getuid(), NULL },
                { &asked_kind, "web", OWNER, "a.b.do" },
                { &asked_kind, ".host", OWNER, "a.b.host-do" },
                { &asked_kind, "web", CALLER_UNKNOWN, "a.b.do" },
                { &owner_kind, "web", OWNER, NULL },
                { &owner_kind, "web", OTHER, "a.b.own" },
                { &owner_kind, "web", CALLER_UNKNOWN, "a.b.own" },
                { &owner_kind, ".host", OWNER, "a.b.own" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(fixture_done) Fixture f;

                fixture_init(&f);
                submit(&f, table[i].kind, table[i].machine, table[i].uid);
                CHECK_STREQ(f.action, table[i].asked ?: "");
                CHECK(f.n_asked == (table[i].asked ? 1 : 0));
                CHECK(f.n_run == (table[i].asked ? 0 : 1));
        }
}

TEST(the_authority_is_told_what_it_is_about) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        submit(&f, &asked_kind, "web", OTHER);
        CHECK_STREQ(f.details, "machine web verb do user joe dest /to ");
        f.verdict(f.of_verdict, 1, NULL);
        CHECK(f.n_run == 1 && f.n_done == 1);
        CHECK_OK(f.result);
}

TEST(what_is_not_granted_is_not_done) {
        static const int verdicts[] = { -EACCES, -E_INTERACTION_REQUIRED };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(verdicts); i++) {
                submit(&f, &asked_kind, "web", OTHER);
                f.verdict(f.of_verdict, verdicts[i], "Not today");
                CHECK(f.result == verdicts[i]);
                CHECK_STREQ(f.text, "Cannot do 'web': Not today");
        }

        f.refuses = -E_LIMITS_EXCEEDED;
        submit(&f, &asked_kind, "web", OTHER);
        CHECK_ERR(f.result, E_LIMITS_EXCEEDED);
        CHECK(f.n_done == 3 && f.n_run == 0);
}

static int check_nothing(_unused_ const OperationRequest *q, const char **reterr_text) {
        *reterr_text = "Nonsense";
        return -EINVAL;
}

static int hold_nothing(_unused_ OperationRequest *q, const char **reterr_text) {
        *reterr_text = "Gone";
        return -ESRCH;
}

TEST(nobody_is_asked_about_what_cannot_be) {
        const OperationKind nonsense = { .action = "a.b.c", .check = check_nothing, .run = run };
        const OperationKind gone = { .failure = "Cannot", .action = "a.b.c", .hold = hold_nothing,
                                     .run = run };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        submit(&f, &nonsense, "web", OTHER);
        CHECK_ERR(f.result, EINVAL);
        CHECK_STREQ(f.text, "Nonsense");
        submit(&f, &gone, "web", OTHER);
        CHECK_ERR(f.result, ESRCH);
        submit(&f, &asked_kind, "db", OTHER);
        CHECK_ERR(f.result, E_NO_SUCH_MACHINE);
        CHECK(f.n_asked == 0 && f.n_run == 0);
}

TEST(another_machine_of_the_name_is_not_the_one_that_was_asked_about) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        submit(&f, &asked_kind, "web", OTHER);
        CHECK_OK(manager_unregister(f.manager, manager_find(f.manager, "web")));
        create(&f); /* also if it has the same leader */
        f.verdict(f.of_verdict, 1, NULL);

        CHECK_ERR(f.result, E_NO_SUCH_MACHINE);
        CHECK(f.n_run == 0);
}

/* Who may not do it could otherwise fill the log. */
TEST(failures_are_logged_of_those_who_were_granted_it) {
        int err_fd = dup(STDERR_FILENO), log_fd = memfd_create("log", MFD_CLOEXEC);
        _cleanup_(fixture_done) Fixture f;
        char log[256] = "";

        fixture_init(&f);
        f.fails = -EIO;
        CHECK_OK(dup2(log_fd, STDERR_FILENO));
        submit(&f, &asked_kind, "web", OTHER);
        f.verdict(f.of_verdict, -EACCES, NULL);
        submit(&f, &free_kind, "web", OTHER);
        submit(&f, &asked_kind, "web", 0);
        CHECK_OK(dup2(err_fd, STDERR_FILENO));

        CHECK(f.n_done == 3);
        CHECK(pread(log_fd, log, sizeof(log) - 1, 0) > 0);
        CHECK_STREQ(log, "Cannot do 'web': Input/output error\n");
        (void) close(log_fd);
        (void) close(err_fd);
}

TEST(what_is_under_way_ends_with_us_and_cannot_all_be_cancelled) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        f.waits = true;
        submit(&f, &asked_kind, "web", OTHER);
        submit(&f, &free_kind, "web", OTHER);
        CHECK(f.n_run == 1 && f.n_done == 0);
        CHECK(!operations_cancel(f.operations, &f));

        f.manager = manager_free(f.manager);
        f.operations = operations_free(f.operations);
        CHECK(f.n_done == 2);
        CHECK_ERR(f.result, ESHUTDOWN);
}

TEST_MAIN()
