/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What berthd looks at before anybody asks, and what it then makes of it. */

#include "daemon/core/sight.h"
#include "daemon/core/survey.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

typedef struct Look {
        Fixture f;
        Survey *survey;
} Look;

static void look_init(Look *l) {
        CHECK(getenv("FAKE_WORKER"));
        CHECK_OK(setenv("BERTH_WORKER", getenv("FAKE_WORKER"), true));
        fixture_init(&l->f);
        CHECK_OK(survey_new(l->f.event, l->f.manager, l->f.workers, &l->survey));
}

static void look_done(Look *l) {
        (void) survey_free(l->survey);
        fixture_done(&l->f);
}

static Sight *sight_of(Look *l, const char *name) {
        Machine *m = manager_find(l->f.manager, name);

        CHECK(m);
        return machine_sight(m);
}

TEST(who_is_listed_is_looked_at_again_when_that_is_long_ago) {
        char *pairs[] = { (char *) "ID", (char *) "debian", NULL };
        _cleanup_(look_done) Look l;
        Sight *host;

        look_init(&l);
        host = sight_of(&l, ".host");
        CHECK(!host->is_wanted);
        sight_note_os(host, pairs);
        survey_note_list(l.survey);
        CHECK(!host->is_wanted);

        host->os_at -= SIGHT_OLD_USEC;
        survey_note_list(l.survey);
        CHECK(host->is_wanted && host->os_is_wanted);
}

/* The fake worker finds none in time. */
TEST(files_that_hang_are_not_looked_at_for_each_list) {
        _cleanup_(look_done) Look l;
        Sight *web;

        look_init(&l);
        fixture_create(&l.f);
        web = sight_of(&l, "web");
        while (!web->is_barred)
                CHECK_OK(sd_event_run(l.f.event, UINT64_MAX));
        CHECK(!sight_knows_os(web) && !web->is_wanted);

        survey_note_list(l.survey);
        CHECK(!web->is_wanted);

        manager_tell(l.f.manager, "web", MACHINE_EVENT_READY, NULL); /* it may be another system now */
        CHECK(web->is_wanted && web->os_is_wanted);
}

/* Before each of the survey's answers. */
static void keep_changing(Look *l, Sight *host, const Sight *other) {
        while (other->is_wanted) {
                sight_note_change(host);
                CHECK_OK(sd_event_run(l->f.event, UINT64_MAX));
                CHECK(!sight_knows_addresses(host));
        }
}

TEST(addresses_that_change_while_they_are_looked_at_are_not_believed) {
        _cleanup_(look_done) Look l;
        Sight *host, *web;

        look_init(&l);
        fixture_create(&l.f);
        host = sight_of(&l, ".host");
        web = sight_of(&l, "web");
        survey_note_list(l.survey);
        keep_changing(&l, host, host);

        /* What is wanted now is looked at after that. */
        manager_tell(l.f.manager, "web", MACHINE_EVENT_READY, NULL);
        keep_changing(&l, host, web);

        manager_tell(l.f.manager, ".host", MACHINE_EVENT_READY, NULL);
        while (!sight_knows_addresses(host))
                CHECK_OK(sd_event_run(l.f.event, UINT64_MAX));
}

TEST_MAIN()
