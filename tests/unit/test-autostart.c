/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/core/autostart.h"
#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/test.h"

typedef struct Place {
        char top[32];
        char *directory;        /* not there at first */
        char *names[16];        /* of files that were made, to be removed */
        size_t n;
} Place;

static void place_init(Place *p) {
        *p = (Place) { .top = "/tmp/berth-test-XXXXXX" };
        CHECK(mkdtemp(p->top));
        CHECK_OK(text_printf(&p->directory, "%s/autostart", p->top));
}

static void place_done(Place *p) {
        while (p->n > 0) {
                _cleanup_free_ char *path = NULL;

                CHECK_OK(text_printf(&path, "%s/%s", p->directory, p->names[--p->n]));
                (void) unlink(path);
                free(p->names[p->n]);
        }
        (void) rmdir(p->directory);
        CHECK_OK(rmdir(p->top));
        free(p->directory);
}

static void put(Place *p, const char *name, const char *text) {
        _cleanup_free_ char *path = NULL;

        CHECK_OK(directory_make(p->directory, 0755));
        CHECK_OK(text_printf(&path, "%s/%s", p->directory, name));
        CHECK_OK(file_replace(AT_FDCWD, path, 0644, text));
        CHECK(p->n < ELEMENTSOF(p->names));
        p->names[p->n++] = strdup(name);
}

/* Keeps what a text says of a machine. */
static int set(Place *p, const char *name, const char *text) {
        _cleanup_(autostart_done) Autostart a = {};
        int r;

        CHECK_OK(autostart_parse(name, text, &a));
        r = autostarts_set(p->directory, &a);
        if (r >= 0) {
                CHECK(p->n < ELEMENTSOF(p->names));
                p->names[p->n++] = strdup(name);
        }

        return r;
}

static void check_names(const Place *p, const char *wanted) {
        _cleanup_(autostarts_done) Autostarts all = {};
        _cleanup_free_ char *text = NULL;
        _cleanup_(strv_freep) char **names = NULL;

        CHECK_OK(autostarts_load(p->directory, &all));
        for (size_t i = 0; i < all.n; i++)
                CHECK_OK(strv_push(&names, all.list[i].name));
        CHECK_OK(strv_join(names, " ", &text));
        CHECK_STREQ(text, wanted);
}

TEST(what_is_written_is_read_again) {
        static const char text[] = "ORDER=3\nDELAY_USEC=5000000\nAFTER=\"db cache\"\nREQUIRES=net\n";
        _cleanup_(autostart_done) Autostart a = {}, none = {};
        _cleanup_free_ char *again = NULL, *empty = NULL;

        CHECK_OK(autostart_parse("web", text, &a));
        CHECK_STREQ(a.name, "web");
        CHECK(a.order == 3 && a.delay_usec == 5 * USEC_PER_SEC);
        CHECK(strv_length(a.after) == 2 && streq(a.after[1], "cache"));
        CHECK(strv_length(a.requires) == 1 && streq(a.requires[0], "net"));
        CHECK_OK(autostart_format(&a, &again));
        CHECK_STREQ(again, text);

        CHECK_OK(autostart_parse("web", "", &none));
        CHECK(none.order == 0 && none.delay_usec == 0 && strv_length(none.after) == 0 &&
              strv_length(none.requires) == 0);
        CHECK_OK(autostart_format(&none, &empty));
        CHECK_STREQ(empty, "");
}

TEST(what_makes_no_sense_is_refused) {
        static const char *const bad[] = {
                "ORDER=first", "ORDER=-1", "ORDER=2147483648", "DELAY_USEC=soon", "DELAY_USEC=86400000001",
                "AFTER=web", "REQUIRES=web", "AFTER=../etc", "REQUIRES=\"db /etc\"", "AFTER=.host",
        };
        Autostart a;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(autostart_parse("web", bad[i], &a) < 0);
        CHECK_ERR(autostart_parse("../web", "", &a), EINVAL);
        CHECK_ERR(autostart_parse(".host", "", &a), EINVAL);
}

TEST(nobody_waits_for_more_than_a_file_holds) {
        _cleanup_(autostart_done) Autostart a = { .name = strdup("web") };
        const char *wrong = NULL;

        for (unsigned i = 0; i < AUTOSTART_NAMES_MAX; i++)
                CHECK_OK(strv_pushf(&a.after, "db%u", i));
        CHECK_OK(autostart_check(&a, &wrong));
        CHECK_OK(strv_push(&a.after, "one-more"));
        CHECK(autostart_check(&a, &wrong) == -E_LIMITS_EXCEEDED);
        CHECK(wrong);
}

TEST(machines_come_in_their_order) {
        _cleanup_(place_done) Place p;

        place_init(&p);
        check_names(&p, ""); /* there is no such directory yet */
        CHECK_OK(set(&p, "web", "ORDER=2"));
        CHECK_OK(set(&p, "db", "ORDER=1"));
        CHECK_OK(set(&p, "cache", "ORDER=1"));
        CHECK_OK(set(&p, "net", ""));
        check_names(&p, "net cache db web");

        CHECK_OK(set(&p, "web", "")); /* in the place of what was said before */
        check_names(&p, "net web cache db");
        CHECK_OK(autostarts_remove(p.directory, "net"));
        check_names(&p, "web cache db");
        CHECK_ERR(autostarts_remove(p.directory, "net"), ENOENT);
}

TEST(files_that_make_no_sense_are_passed_over) {
        _cleanup_(place_done) Place p;
        _cleanup_free_ char *path = NULL;

        place_init(&p);
        put(&p, "web", "ORDER=many");
        put(&p, "db~", "");
        put(&p, ".db.swp", "");
        put(&p, "db", "# by hand\n\nORDER=7\nCOLOUR=blue\n");
        CHECK_OK(text_printf(&path, "%s/pipe", p.directory));
        CHECK_OK(mkfifo(path, 0600));
        p.names[p.n++] = strdup("pipe");
        check_names(&p, "db");
}

TEST(nobody_waits_for_itself_over_others) {
        _cleanup_(place_done) Place p;

        place_init(&p);
        CHECK_OK(set(&p, "web", "AFTER=db"));
        CHECK_OK(set(&p, "db", "REQUIRES=net"));
        CHECK_ERR(set(&p, "net", "AFTER=web"), ELOOP);
        check_names(&p, "db web");

        /* Some other circle, that is there already, is no obstacle. */
        put(&p, "x", "AFTER=y");
        put(&p, "y", "AFTER=x");
        CHECK_OK(set(&p, "net", "AFTER=x"));
}

TEST_MAIN()
