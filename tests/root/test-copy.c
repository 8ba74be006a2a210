/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/file.h"
#include "tests/lib/copy-world.h"

static void make_socket(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        CHECK(fd >= 0);
        strcpy(address.sun_path, path);
        CHECK(bind(fd, (struct sockaddr *) &address, sizeof(address)) >= 0);
}

TEST(a_missing_source_is_told_of) {
        BEGIN();

        CHECK_ERR(copy("f", "f"), ENOENT);
        CHECK(count("t") == 0);
}

TEST(a_tree_is_copied_without_opening_what_is_no_file) {
        char link[16] = "";

        BEGIN();

        CHECK(mkdir("s/d", 0750) >= 0 && mkdir("s/d/e", 0700) >= 0 && chown("s/d/e", 5, 6) >= 0);
        make("s/d/e/f", "deep");
        CHECK(mkfifo("s/d/fifo", 0604) >= 0);
        CHECK(symlink("/nowhere", "s/d/link") >= 0 && lchown("s/d/link", 7, 8) >= 0);
        make_socket("s/d/socket");

        CHECK_OK(copy("d", "copy"));
        check_text("t/copy/e/f", "deep");
        CHECK(status("t/copy").st_mode == (S_IFDIR | 0750));
        CHECK(status("t/copy/e").st_uid == 5 && status("t/copy/e").st_gid == 6);
        CHECK(status("t/copy/fifo").st_mode == (S_IFIFO | 0604));
        CHECK(S_ISSOCK(status("t/copy/socket").st_mode));
        CHECK(readlink("t/copy/link", link, sizeof(link) - 1) == 8 && streq(link, "/nowhere"));
        CHECK(status("t/copy/link").st_uid == 7 && status("t/copy/link").st_gid == 8);
        CHECK(count("t/copy") == 4);
}

TEST(directories_have_their_times_when_all_is_in_them) {
        const struct timespec times[2] = { { 1000000000, 0 }, { 1100000000, 0 } };

        BEGIN();

        CHECK(mkdir("s/d", 0500) >= 0);
        make("s/d/f", "text");
        CHECK(utimensat(AT_FDCWD, "s/d", times, 0) >= 0);
        CHECK_OK(copy("d", "d"));
        CHECK(status("t/d").st_mtim.tv_sec == 1100000000);
}

TEST(hard_links_stay_links) {
        BEGIN();

        CHECK(mkdir("s/d", 0755) >= 0 && mkdir("s/d/e", 0755) >= 0 && mkdir("s/d/g", 0755) >= 0);
        make("s/d/e/f", "one");
        CHECK(link("s/d/e/f", "s/d/g/f") >= 0 && link("s/d/e/f", "s/d/f") >= 0);
        CHECK(symlink("e", "s/d/l") >= 0 && link("s/d/l", "s/d/m") >= 0);
        make("s/outside", "another");
        CHECK(link("s/outside", "s/d/alone") >= 0);

        CHECK_OK(copy("d", "d"));
        CHECK(status("t/d/f").st_nlink == 3);
        CHECK(status("t/d/f").st_ino == status("t/d/e/f").st_ino);
        CHECK(status("t/d/f").st_ino == status("t/d/g/f").st_ino);
        CHECK(status("t/d/l").st_ino == status("t/d/m").st_ino && S_ISLNK(status("t/d/l").st_mode));
        CHECK(status("t/d/alone").st_nlink == 1);

        /* Over themselves: names of the same file, which a rename leaves alone. */
        CHECK_OK(copy_replacing("d", "d"));
        CHECK(status("t/d/f").st_nlink == 3);
        CHECK(count("t/d") == 6);
}

TEST(what_is_there_stays_unless_it_shall_be_replaced) {
        BEGIN();

        make("s/f", "new");
        make("t/f", "old");
        CHECK_ERR(copy("f", "f"), EEXIST);
        check_text("t/f", "old");
        CHECK_OK(copy_replacing("f", "f"));
        check_text("t/f", "new");

        /* Also a link, and not what it leads to. */
        make("t/g", "other");
        CHECK(symlink("g", "t/l") >= 0);
        CHECK_ERR(copy("f", "l"), EEXIST);
        CHECK_OK(copy_replacing("f", "l"));
        CHECK(S_ISREG(status("t/l").st_mode));
        check_text("t/g", "other");
        CHECK(count("t") == 3);
}

TEST(directories_and_files_do_not_replace_each_other) {
        BEGIN();

        make("s/f", "new");
        CHECK(mkdir("s/d", 0755) >= 0 && mkdir("t/f", 0755) >= 0);
        make("t/d", "old");
        CHECK_ERR(copy("f", "f"), EEXIST);
        CHECK_ERR(copy_replacing("f", "f"), EEXIST);
        CHECK_ERR(copy("d", "d"), ENOTDIR);
        CHECK_ERR(copy_replacing("d", "d"), ENOTDIR);
        check_text("t/d", "old");
        CHECK(count("t") == 2 && count("t/f") == 0);
}

TEST(directories_are_merged) {
        BEGIN();

        CHECK(mkdir("s/d", 0700) >= 0 && mkdir("t/d", 0755) >= 0 && mkdir("s/d/e", 0711) >= 0);
        make("s/d/both", "new");
        make("t/d/both", "old");
        make("s/d/new", "new");
        make("t/d/old", "old");

        CHECK_OK(copy("d", "d"));
        check_text("t/d/both", "old");
        check_text("t/d/new", "new");
        check_text("t/d/old", "old");
        CHECK(status("t/d").st_mode == (S_IFDIR | 0755) && status("t/d/e").st_mode == (S_IFDIR | 0711));

        CHECK_OK(copy_replacing("d", "d"));
        check_text("t/d/both", "new");
        CHECK(count("t/d") == 4);
}

TEST(a_link_to_a_directory_is_no_directory_to_merge_into) {
        BEGIN();

        CHECK(mkdir("s/d", 0755) >= 0 && mkdir("outside", 0755) >= 0);
        make("s/d/f", "new");
        CHECK(symlink("../outside", "t/d") >= 0);
        CHECK_ERR(copy("d", "d"), ENOTDIR);
        CHECK(count("outside") == 0);
}

TEST(a_directory_is_not_copied_into_itself) {
        _cleanup_close_ int inner_fd = -EBADF;
        CopyRequest q;

        BEGIN();

        CHECK(mkdir("s/d", 0755) >= 0 && mkdir("s/d/e", 0755) >= 0);
        q = request("d", "d");
        q.target_fd = inner_fd = open("s/d/e", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK_ERR(copy_tree(&q), EINVAL);

        q.target_fd = q.source_fd;
        q.replaces = true;
        CHECK_ERR(copy_tree(&q), EINVAL);
}

static void make_deep(unsigned depth) {
        CHECK(chdir("s") >= 0);
        for (unsigned i = 0; i < depth; i++)
                CHECK(mkdir("d", 0755) >= 0 && chdir("d") >= 0);
        CHECK(chdir("/tmp") >= 0);
}

TEST(trees_have_a_limit_of_depth) {
        BEGIN();

        make_deep(COPY_DEPTH_MAX);
        CHECK_OK(copy("d", "d"));

        make_deep(0);
        CHECK(mkdir("s/one", 0755) >= 0 && rename("s/d", "s/one/d") >= 0);
        CHECK_ERR(copy("one", "one"), ENAMETOOLONG);
}

static void sum(void *userdata, uint64_t bytes) {
        uint64_t *total = userdata;

        CHECK(bytes >= *total);
        *total = bytes;
}

TEST(progress_is_told_in_bytes) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *bytes = calloc(9, 1 << 20);
        CopyRequest q;
        uint64_t total = 0;

        BEGIN();

        CHECK(mkdir("s/d", 0755) >= 0);
        make("s/d/a", "12345");
        fd = open("s/d/b", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        CHECK(fd >= 0 && bytes);
        CHECK_OK(fd_write_all(fd, bytes, 9 << 20));

        q = request("d", "d");
        q.on_progress = sum;
        q.userdata = &total;
        CHECK_OK(copy_tree(&q));
        CHECK(total == 5 + (9 << 20));
}

TEST_MAIN()
