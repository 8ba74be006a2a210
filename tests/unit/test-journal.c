/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/outside/journal.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/test.h"

#define ID "0123456789abcdef0123456789abcdef"
#define HOST_ID "fedcba9876543210fedcba9876543210"

/* A host's journals and a machine's root directory, side by side. */
typedef struct Fixture {
        char base[64];
        char directory[96];
        char root[80];
        char link[160];         /* where the link is to be */
        char target[256];       /* where it is to lead */
        JournalRequest request;
} Fixture;

static const char *below(const Fixture *f, const char *path) {
        static char buffer[PATH_MAX];

        (void) snprintf(buffer, sizeof(buffer), "%s/%s", f->base, path);
        return buffer;
}

static void fixture_init(Fixture *f) {
        strcpy(f->base, "/tmp/berth-test-XXXXXX");
        CHECK(mkdtemp(f->base));
        snprintf(f->directory, sizeof(f->directory), "%s/journal", f->base);
        snprintf(f->root, sizeof(f->root), "%s/root", f->base);
        snprintf(f->link, sizeof(f->link), "%s/" ID, f->directory);
        snprintf(f->target, sizeof(f->target), "%s/var/log/journal/" ID, f->root);

        f->request = (JournalRequest) { .directory = f->directory, .root = f->root };
        CHECK_OK(id128_parse(ID, &f->request.id));
        CHECK_OK(id128_parse(HOST_ID, &f->request.host));

        CHECK_OK(directory_make(f->directory, 0755));
        CHECK_OK(directory_make(f->target, 0755));
}

static void fixture_done(Fixture *f) {
        static const char *const paths[] = {
                "journal/" ID, "journal/.berth-" ID, "journal", "root/var/log/journal/" ID,
                "root/var/log/journal", "root/var/log", "root/var", "root", "other",
        };

        if (!f->base[0])
                return;

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                (void) remove(below(f, paths[i]));
        CHECK_OK(rmdir(f->base));
}

static const char *read_link(const char *path) {
        static char buffer[PATH_MAX];
        ssize_t n;

        n = readlink(path, buffer, sizeof(buffer) - 1);
        if (n < 0)
                return NULL;

        buffer[n] = '\0';
        return buffer;
}

TEST(the_link_leads_into_the_machine) {
        _cleanup_(fixture_done) Fixture f = {};
        struct stat a, b;

        fixture_init(&f);
        CHECK(journal_link(&f.request) == 1);
        CHECK_STREQ(read_link(f.link), f.target);
        CHECK_OK(stat(f.link, &a));
        CHECK_OK(stat(f.target, &b));
        CHECK(a.st_ino == b.st_ino);

        /* Once more changes nothing. */
        CHECK_OK(lstat(f.link, &a));
        CHECK(journal_link(&f.request) == 0);
        CHECK_OK(lstat(f.link, &b));
        CHECK(a.st_ino == b.st_ino);

        CHECK(journal_unlink(&f.request) == 1);
        CHECK(!read_link(f.link));
        CHECK(journal_unlink(&f.request) == 0);
        CHECK_OK(stat(f.target, &b));
}

TEST(without_journals_on_both_sides_there_is_no_link) {
        _cleanup_(fixture_done) Fixture f = {};

        fixture_init(&f);
        CHECK_OK(rmdir(f.target));
        CHECK_ERR(journal_link(&f.request), ENOENT);
        CHECK(!read_link(f.link));

        CHECK_OK(mkdir(f.target, 0755));
        CHECK_OK(rmdir(f.directory));
        CHECK_ERR(journal_link(&f.request), ENOENT);
        CHECK(journal_unlink(&f.request) == 0);

        CHECK_OK(file_replace(AT_FDCWD, f.directory, 0644, "not a directory"));
        CHECK_ERR(journal_link(&f.request), ENOENT);
}

TEST(what_is_there_is_never_replaced) {
        _cleanup_(fixture_done) Fixture f = {};

        fixture_init(&f);
        CHECK_OK(mkdir(f.link, 0755));
        CHECK_ERR(journal_link(&f.request), EEXIST);
        CHECK(journal_unlink(&f.request) == 0);
        CHECK_OK(rmdir(f.link));

        CHECK_OK(file_replace(AT_FDCWD, f.link, 0644, "file"));
        CHECK_ERR(journal_link(&f.request), EEXIST);
        CHECK(journal_unlink(&f.request) == 0);
        CHECK_OK(unlink(f.link));

        CHECK_OK(mkdir(below(&f, "other"), 0755));
        CHECK_OK(symlink(below(&f, "other"), f.link));
        CHECK_ERR(journal_link(&f.request), EEXIST);
        CHECK(journal_unlink(&f.request) == 0);
        CHECK_STREQ(read_link(f.link), below(&f, "other"));
}

TEST(a_link_into_a_dead_place_is_replaced) {
        _cleanup_(fixture_done) Fixture f = {};

        fixture_init(&f);
        CHECK_OK(symlink(below(&f, "gone"), f.link));
        CHECK(journal_unlink(&f.request) == 0);

        /* A daemon was killed in the middle of it. */
        CHECK_OK(symlink("anywhere", below(&f, "journal/.berth-" ID)));

        CHECK(journal_link(&f.request) == 1);
        CHECK_STREQ(read_link(f.link), f.target);
        CHECK(!read_link(below(&f, "journal/.berth-" ID)));

        /* To itself is as dead as it gets. */
        CHECK_OK(unlink(f.link));
        CHECK_OK(symlink(ID, f.link));
        CHECK(journal_link(&f.request) == 1);
        CHECK_STREQ(read_link(f.link), f.target);
}

TEST(a_journal_directory_that_is_a_symlink_is_refused) {
        static const char *const parts[] = {
                ("root/var/log/journal/" ID), "root/var/log/journal", "root/var/log", "root/var",
        };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                _cleanup_(fixture_done) Fixture f = {};

                fixture_init(&f);
                for (size_t k = 0; k <= i; k++)
                        CHECK_OK(rmdir(below(&f, parts[k])));

                CHECK_OK(symlink("/etc", below(&f, parts[i])));
                CHECK_ERR(journal_link(&f.request), E_UNSAFE_PATH);
                CHECK(!read_link(f.link));
        }
}

/* Also to what would be right: tomorrow it leads elsewhere. */
TEST(a_symlink_that_stays_in_the_machine_is_refused) {
        _cleanup_(fixture_done) Fixture f = {};

        fixture_init(&f);
        CHECK_OK(rename(f.target, below(&f, "root/var/log/journal-of-mine")));
        CHECK_OK(symlink("../journal-of-mine", f.target));
        CHECK_ERR(journal_link(&f.request), E_UNSAFE_PATH);
        CHECK(!read_link(f.link));
        CHECK_OK(rmdir(below(&f, "root/var/log/journal-of-mine")));
}

TEST(a_journal_directory_that_is_none_is_refused) {
        _cleanup_(fixture_done) Fixture f = {};

        fixture_init(&f);
        CHECK_OK(rmdir(f.target));
        CHECK_OK(mkfifo(f.target, 0644));
        CHECK_ERR(journal_link(&f.request), E_UNSAFE_PATH);
        CHECK_OK(unlink(f.target));
        CHECK_OK(file_replace(AT_FDCWD, f.target, 0644, "file"));
        CHECK_ERR(journal_link(&f.request), E_UNSAFE_PATH);
        CHECK(!read_link(f.link));
}

TEST(the_hosts_own_journal_is_left_alone) {
        _cleanup_(fixture_done) Fixture f = {};

        fixture_init(&f);
        f.request.host = f.request.id;
        CHECK_ERR(journal_link(&f.request), EINVAL);
        f.request.host = (Id128) {};
        f.request.id = (Id128) {};
        CHECK_ERR(journal_link(&f.request), EINVAL);
        CHECK_OK(id128_parse(ID, &f.request.id));

        f.request.root = "/";
        CHECK_ERR(journal_link(&f.request), EINVAL);
        f.request.root = "relative";
        CHECK_ERR(journal_link(&f.request), EINVAL);
        CHECK_ERR(journal_unlink(&f.request), EINVAL);

        /* A machine whose journals are the host's. */
        f.request.root = f.root;
        snprintf(f.directory, sizeof(f.directory), "%s/var/log/journal", f.root);
        CHECK_ERR(journal_link(&f.request), EEXIST);
        snprintf(f.directory, sizeof(f.directory), "%s/journal", f.base);
        CHECK(!read_link(f.link));
}

TEST_MAIN()
