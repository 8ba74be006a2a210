/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/polkit.h"
#include "lib/base/errors.h"
#include "lib/kernel/process.h"
#include "tests/lib/bus-pair.h"
#include "tests/test.h"

#define ACTION "org.freedesktop.machine1.manage-machines"

/* The test is polkit, and answers when it likes. */
typedef struct Fixture {
        sd_event *event;
        BusPair pair;
        Polkit *polkit;
        sd_bus_message **asked;
        size_t n_asked, n_answered;
        int verdict;
        char text[128];
} Fixture;

#define ASKED_MAX 2048

static int on_check_authorization(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        Fixture *f = userdata;

        CHECK(f->n_asked < ASKED_MAX);
        f->asked[f->n_asked++] = sd_bus_message_ref(msg);
        return 1;
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check_authorization,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END
};

static void fixture_init(Fixture *f) {
        *f = (Fixture) { .asked = calloc(ASKED_MAX, sizeof(*f->asked)) };
        CHECK(f->asked);
        CHECK_OK(sd_event_new(&f->event));
        bus_pair_open(&f->pair, f->event);
        CHECK_OK(sd_bus_add_object_vtable(f->pair.client, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                          "org.freedesktop.PolicyKit1.Authority", polkit_vtable, f));
        CHECK_OK(polkit_new(f->pair.server, &f->polkit));
}

static void fixture_done(Fixture *f) {
        (void) polkit_free(f->polkit);
        for (size_t i = 0; i < f->n_asked; i++)
                sd_bus_message_unref(f->asked[i]);
        free(f->asked);
        bus_pair_close(&f->pair);
        sd_event_unref(f->event);
}

static void on_verdict(void *userdata, int verdict, const char *text) {
        Fixture *f = userdata;

        f->n_answered++;
        f->verdict = verdict;
        (void) snprintf(f->text, sizeof(f->text), "%s", text ?: "");
}

static int ask(Fixture *f, const Caller *caller) {
        static const char *const details[] = { "machine", "web", "verb", "kill", NULL };
        Authority a = polkit_authority(f->polkit);

        return a.ask(a.authority, caller, ACTION, details, on_verdict, f);
}

static void settle(Fixture *f) {
        while (sd_event_run(f->event, 0) > 0)
                ;
}

static void answer(Fixture *f, bool authorized, bool challenge) {
        CHECK(f->n_asked > 0);
        CHECK_OK(sd_bus_reply_method_return(f->asked[--f->n_asked], "(bba{ss})", authorized, challenge, 0));
        sd_bus_message_unref(f->asked[f->n_asked]);
        settle(f);
}

TEST(the_answers_of_polkit_are_told_apart) {
        Caller caller = { .uid = 1000, .pidfd = -EBADF, .bus_name = (char *) ":1.7" };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);

        CHECK_OK(ask(&f, &caller));
        settle(&f);
        answer(&f, true, false);
        CHECK(f.verdict == 1);

        CHECK_OK(ask(&f, &caller));
        settle(&f);
        answer(&f, false, true);
        CHECK(f.verdict == -E_INTERACTION_REQUIRED);

        CHECK_OK(ask(&f, &caller));
        settle(&f);
        answer(&f, false, false);
        CHECK(f.verdict == -EACCES);
        CHECK(f.n_answered == 3);
}

TEST(a_polkit_that_fails_grants_nothing) {
        Caller caller = { .uid = 1000, .pidfd = -EBADF, .bus_name = (char *) ":1.7" };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(ask(&f, &caller));
        settle(&f);
        CHECK_OK(sd_bus_reply_method_errorf(f.asked[0], SD_BUS_ERROR_FAILED, "No"));
        settle(&f);

        CHECK(f.verdict == -EACCES);
        CHECK_STREQ(f.text, "Access denied: polkit gives no answer");
}

TEST(who_is_on_the_bus_is_named_by_its_name_and_what_it_wants_is_told) {
        Caller caller = { .uid = 1000, .pidfd = -EBADF, .bus_name = (char *) ":1.7", .interactive = true };
        const char *kind, *name, *action, *details[4];
        _cleanup_(fixture_done) Fixture f;
        uint32_t flags;

        fixture_init(&f);
        CHECK_OK(ask(&f, &caller));
        settle(&f);
        CHECK(f.n_asked == 1);

        CHECK_OK(sd_bus_message_read(f.asked[0], "(sa{sv})sa{ss}u", &kind, 1, NULL, "s", &name, &action, 2,
                                     &details[0], &details[1], &details[2], &details[3], &flags));
        CHECK_STREQ(kind, "system-bus-name");
        CHECK_STREQ(name, ":1.7");
        CHECK_STREQ(action, ACTION);
        CHECK_STREQ(details[1], "web");
        CHECK_STREQ(details[3], "kill");
        CHECK(flags == 1);
}

TEST(who_is_not_on_the_bus_is_named_by_its_process) {
        Caller caller = { .uid = 1000, .pidfd = process_open(getpid()) };
        _cleanup_(fixture_done) Fixture f;
        uint64_t start_time, expected;
        const char *kind;
        uint32_t pid;
        int32_t uid;
        int fd;

        fixture_init(&f);
        CHECK_OK(caller.pidfd);
        CHECK_OK(ask(&f, &caller));
        settle(&f);
        CHECK(f.n_asked == 1);

        CHECK_OK(sd_bus_message_read(f.asked[0], "(sa{sv})", &kind, 4, NULL, "u", &pid, NULL, "t",
                                     &start_time, NULL, "i", &uid, NULL, "h", &fd));
        CHECK_OK(process_start_time(caller.pidfd, &expected));
        CHECK_STREQ(kind, "unix-process");
        CHECK(pid == (uint32_t) getpid());
        CHECK(start_time == expected);
        CHECK(uid == 1000);
        caller_done(&caller);
}

TEST(who_cannot_be_named_is_refused) {
        Caller caller = { .uid = 1000, .pidfd = -EBADF };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK(ask(&f, &caller) == -EACCES);
        settle(&f);
        CHECK(f.n_asked == 0);
        CHECK(f.n_answered == 0);
}

TEST(where_there_is_no_bus_nobody_is_granted_anything) {
        Caller caller = { .uid = 1000, .pidfd = -EBADF, .bus_name = (char *) ":1.7" };
        _cleanup_(polkit_freep) Polkit *p = NULL;
        Authority a;

        CHECK_OK(polkit_new(NULL, &p));
        a = polkit_authority(p);
        CHECK(a.ask(a.authority, &caller, ACTION, (const char *[]) { NULL }, on_verdict, NULL) == -EACCES);
}

TEST(ten_thousand_questions_are_bounded_and_no_user_takes_all) {
        Caller caller = { .pidfd = -EBADF, .bus_name = (char *) ":1.7" };
        _cleanup_(fixture_done) Fixture f;
        size_t n_open = 0, n_of_first = 0;

        fixture_init(&f);
        for (unsigned i = 0; i < 10000; i++) {
                int r;

                caller.uid = 1000 + i / 1000;
                r = ask(&f, &caller);
                CHECK(r == 0 || r == -E_LIMITS_EXCEEDED);
                n_open += r == 0;
                n_of_first += r == 0 && caller.uid == 1000;
        }

        CHECK(n_of_first == POLKIT_QUESTIONS_PER_USER);
        CHECK(n_open == POLKIT_QUESTIONS_MAX);
        settle(&f);
        CHECK(f.n_asked == POLKIT_QUESTIONS_MAX);

        /* One that is answered makes room for another one. */
        answer(&f, true, false);
        CHECK_OK(ask(&f, &caller));
        CHECK(ask(&f, &caller) == -E_LIMITS_EXCEEDED);
}

TEST(questions_are_dropped_with_polkit) {
        Caller caller = { .uid = 1000, .pidfd = -EBADF, .bus_name = (char *) ":1.7" };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        CHECK_OK(ask(&f, &caller));
        settle(&f);
        f.polkit = polkit_free(f.polkit);
        answer(&f, true, false);
        CHECK(f.n_answered == 0);
}

TEST_MAIN()
