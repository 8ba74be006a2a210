/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/journal-files.h"
#include "tests/test.h"

#define ID "0123456789abcdef0123456789abcdef"
#define DISK "var/log/journal/" ID
#define MEMORY "run/log/journal/" ID

typedef struct Fixture {
        char path[32];
        int root_fd;
        Id128 id;
} Fixture;

static void fixture_init(Fixture *f) {
        *f = (Fixture) { .path = "/tmp/journal-files-XXXXXX" };
        CHECK(mkdtemp(f->path));
        f->root_fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_OK(f->root_fd);
        CHECK_OK(id128_parse(ID, &f->id));
}

static int remove_one(
                const char *path,
                _unused_ const struct stat *st,
                _unused_ int type,
                _unused_ struct FTW *ftw) {

        return remove(path);
}

static void fixture_done(Fixture *f) {
        closep(&f->root_fd);
        (void) nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_directory(const Fixture *f, const char *name) {
        int fd = beneath_make_directory(f->root_fd, name, 0755);

        CHECK_OK(fd);
        (void) close(fd);
}

static void make_file(const Fixture *f, const char *name) {
        CHECK_OK(file_replace(f->root_fd, name, 0644, "x"));
}

/* Whether the directory that is opened has this file. */
static void check_has(const Fixture *f, const char *name) {
        _cleanup_close_ int fd = journal_directory_open(f->root_fd, f->id);

        CHECK_OK(fd);
        CHECK_OK(faccessat(fd, name, F_OK, 0));
}

TEST(a_journal_on_disk_goes_before_one_in_memory) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        make_directory(&f, MEMORY);
        make_file(&f, MEMORY "/memory.journal");
        check_has(&f, "memory.journal");
        make_directory(&f, DISK);
        make_file(&f, DISK "/disk.journal");
        check_has(&f, "disk.journal");
}

TEST(a_directory_that_only_stands_ready_is_none) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        make_directory(&f, DISK);
        CHECK_ERR(journal_directory_open(f.root_fd, f.id), ENOENT);
        make_file(&f, DISK "/remains.journal~");
        CHECK_ERR(journal_directory_open(f.root_fd, f.id), ENOENT);
        make_directory(&f, MEMORY);
        make_file(&f, MEMORY "/memory.journal");
        check_has(&f, "memory.journal");
}

TEST(who_has_no_id_is_asked_for_it) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        make_directory(&f, DISK);
        make_file(&f, DISK "/disk.journal");
        f.id = (Id128) {};
        CHECK_ERR(journal_directory_open(f.root_fd, f.id), ENOENT);

        make_directory(&f, "etc");
        CHECK_OK(file_replace(f.root_fd, "etc/machine-id", 0644, "../../../etc\n"));
        CHECK_ERR(journal_directory_open(f.root_fd, f.id), ENOENT);
        CHECK_OK(file_replace(f.root_fd, "etc/machine-id", 0644, ID "\n"));
        check_has(&f, "disk.journal");
}

TEST(links_stay_in_the_tree_and_what_is_no_directory_is_told) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        make_directory(&f, "var/log");
        CHECK_OK(symlinkat("/", f.root_fd, "var/log/journal"));
        CHECK_ERR(journal_directory_open(f.root_fd, f.id), ENOENT);
        make_directory(&f, ID);
        make_file(&f, ID "/own.journal");
        check_has(&f, "own.journal");

        CHECK_OK(unlinkat(f.root_fd, "var/log/journal", 0));
        make_directory(&f, "var/log/journal");
        CHECK_OK(mkfifoat(f.root_fd, DISK, 0644));
        CHECK_ERR(journal_directory_open(f.root_fd, f.id), ENOTDIR);
}

TEST_MAIN()
