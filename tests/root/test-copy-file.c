/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Of a single file: its bytes, and its attributes. */

#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "lib/copy/copy-attributes.h"
#include "lib/copy/copy-file.h"
#include "lib/base/file.h"
#include "tests/lib/copy-world.h"

TEST(a_file_is_copied_with_its_attributes) {
        const struct timespec times[2] = { { 1000000000, 1 }, { 1100000000, 2 } };
        struct stat st;

        BEGIN();

        make("s/f", "text");
        CHECK(chown("s/f", 1000, 1001) >= 0 && chmod("s/f", 06751) >= 0);
        CHECK(utimensat(AT_FDCWD, "s/f", times, 0) >= 0);
        CHECK_OK(copy("f", "g"));

        check_text("t/g", "text");
        st = status("t/g");
        CHECK(st.st_uid == 1000 && st.st_gid == 1001 && st.st_mode == (S_IFREG | 06751));
        CHECK(st.st_mtim.tv_sec == 1100000000 && st.st_mtim.tv_nsec == 2);
        CHECK(st.st_nlink == 1);
        CHECK(count("t") == 1);
}

TEST(extended_attributes_are_copied) {
        char value[8] = "";

        BEGIN();

        make("s/f", "text");
        CHECK(mkdir("s/d", 0755) >= 0);
        SKIP_UNLESS(setxattr("s/f", "user.a", "1", 1, 0) >= 0, "a tmpfs with extended attributes");
        CHECK(setxattr("s/f", "user.b", "22", 2, 0) >= 0 && setxattr("s/d", "user.c", "3", 1, 0) >= 0);
        CHECK(setxattr("s/f", "trusted.overlay.x", "y", 1, 0) >= 0);
        CHECK_OK(copy(".", "."));

        CHECK(getxattr("t/f", "user.a", value, sizeof(value)) == 1 && value[0] == '1');
        CHECK(getxattr("t/f", "user.b", value, sizeof(value)) == 2 && value[1] == '2');
        CHECK(getxattr("t/d", "user.c", value, sizeof(value)) == 1);
        CHECK(getxattr("t/f", "trusted.overlay.x", value, sizeof(value)) < 0 && errno == ENODATA);
}

/* user::rw- user:1000:rwx group::r-- mask::rwx other::--- */
static const unsigned char acl[] = {
        2, 0, 0, 0,
        1, 0, 6, 0, 255, 255, 255, 255,
        2, 0, 7, 0, 232, 3, 0, 0,
        4, 0, 4, 0, 255, 255, 255, 255,
        16, 0, 7, 0, 255, 255, 255, 255,
        32, 0, 0, 0, 255, 255, 255, 255,
};

TEST(acls_are_copied_with_the_owners_and_only_with_them) {
        static const char access[] = "system.posix_acl_access";
        unsigned char value[sizeof(acl)];

        BEGIN();

        make("s/f", "text");
        SKIP_UNLESS(setxattr("s/f", access, acl, sizeof(acl), 0) >= 0, "a tmpfs with ACLs");
        CHECK(status("s/f").st_mode == (S_IFREG | 0670));

        CHECK_OK(copy("f", "kept"));
        CHECK(getxattr("t/kept", access, value, sizeof(value)) == sizeof(acl));
        CHECK(memcmp(value, acl, sizeof(acl)) == 0);
        CHECK(status("t/kept").st_mode == (S_IFREG | 0670));

        /* The group gets no rights that only its ACL's mask had. */
        CHECK_OK(copy_disowning("f", "root"));
        CHECK(getxattr("t/root", access, value, sizeof(value)) < 0);
        CHECK(status("t/root").st_mode == (S_IFREG | 0640));
}

TEST(a_default_acl_of_the_target_changes_nothing) {
        BEGIN();

        make("s/f", "text");
        CHECK(mkdir("s/d", 0750) >= 0);
        SKIP_UNLESS(setxattr("t", "system.posix_acl_default", acl, sizeof(acl), 0) >= 0,
                    "a tmpfs with ACLs");
        CHECK_OK(copy(".", "."));

        CHECK(status("t/f").st_mode == (S_IFREG | 0644) && status("t/d").st_mode == (S_IFDIR | 0750));
        CHECK(getxattr("t/f", "system.posix_acl_access", NULL, 0) < 0);
        CHECK(getxattr("t/d", "system.posix_acl_default", NULL, 0) < 0);
}

TEST(what_is_disowned_belongs_to_root_and_grants_nothing) {
        struct vfs_cap_data caps = { .magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE) };
        struct stat st;

        BEGIN();

        make("s/f", "text");
        CHECK(chown("s/f", 100000, 100000) >= 0 && chmod("s/f", 06755) >= 0);
        make("s/c", "text");
        CHECK(setxattr("s/c", "security.capability", &caps, sizeof(caps), 0) >= 0);
        CHECK(mkdir("s/d", 0700) >= 0 && chown("s/d", 100001, 100001) >= 0 && chmod("s/d", 03775) >= 0);

        CHECK_OK(copy_disowning(".", "."));
        st = status("t/f");
        CHECK(st.st_uid == 0 && st.st_gid == 0 && st.st_mode == (S_IFREG | 0755));
        st = status("t/d");
        CHECK(st.st_uid == 0 && st.st_gid == 0 && st.st_mode == (S_IFDIR | 03775));
        CHECK(getxattr("t/c", "security.capability", NULL, 0) < 0);

        CHECK_OK(copy("c", "kept"));
        CHECK(getxattr("t/kept", "security.capability", NULL, 0) == XATTR_CAPS_SZ_2);
}

TEST(devices_are_not_copied_for_other_users) {
        BEGIN();

        SKIP_UNLESS(mknod("s/null", S_IFCHR | 0666, makedev(1, 3)) >= 0, "devices");
        CHECK(chmod("s/null", 0666) >= 0);
        CHECK_ERR(copy_disowning("null", "null"), EPERM);
        CHECK(count("t") == 0);
        CHECK_OK(copy("null", "null"));
        CHECK(status("t/null").st_rdev == makedev(1, 3) && S_ISCHR(status("t/null").st_mode));
        CHECK((status("t/null").st_mode & 07777) == 0666);
}

TEST(holes_stay_holes) {
        _cleanup_close_ int fd = -EBADF;
        char byte = 'x';
        struct stat st;

        BEGIN();

        fd = open("s/f", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        CHECK(fd >= 0);
        CHECK(pwrite(fd, &byte, 1, 8 << 20) == 1 && ftruncate(fd, (off_t) 1 << 40) >= 0);
        CHECK_OK(copy("f", "f"));

        st = status("t/f");
        CHECK(st.st_size == (off_t) 1 << 40 && st.st_blocks == status("s/f").st_blocks);
        closep(&fd);
        fd = open("t/f", O_RDONLY | O_CLOEXEC);
        byte = 0;
        CHECK(pread(fd, &byte, 1, 8 << 20) == 1 && byte == 'x');
}

TEST(a_file_that_grows_ends_where_it_ended) {
        _cleanup_close_ int in = -EBADF, out = -EBADF;
        CopyProgress progress = {};

        BEGIN();

        make("s/f", "0123456789");
        in = open("s/f", O_RDONLY | O_CLOEXEC);
        out = open("t/f", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        CHECK_OK(copy_file(in, out, 4, &progress));
        check_text("t/f", "0123");
        CHECK(progress.bytes == 4);
}

TEST(a_file_that_shrinks_is_not_filled_up) {
        _cleanup_close_ int in = -EBADF, out = -EBADF;
        CopyProgress progress = {};

        BEGIN();

        make("s/f", "0123");
        in = open("s/f", O_RDONLY | O_CLOEXEC);
        out = open("t/f", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        CHECK_OK(copy_file(in, out, 1000, &progress));
        check_text("t/f", "0123");
}

TEST(files_that_only_say_they_are_empty_are_read) {
        _cleanup_free_ char *text = NULL;
        CopyRequest q;

        BEGIN();

        q = request("filesystems", "f");
        q.source_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK_OK(copy_tree(&q));
        (void) close(q.source_fd);
        CHECK_OK(file_read("t/f", 1 << 20, &text));
        CHECK(strstr(text, "tmpfs"));
}

TEST(files_without_an_end_are_refused) {
        _cleanup_close_ int in = -EBADF, out = -EBADF;
        CopyProgress progress = {};

        BEGIN();

        in = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        out = open("t/f", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        CHECK_ERR(copy_file(in, out, 0, &progress), EFBIG);
        CHECK(progress.bytes == COPY_UNSIZED_MAX + 1);
}

TEST_MAIN()
