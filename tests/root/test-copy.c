/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "daemon/worker/copy-file.h"
#include "daemon/worker/copy-source.h"
#include "daemon/worker/copy-target.h"
#include "daemon/worker/copy.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/test.h"

/* Wherever a test hangs, it ends. */
#define TEST_SECONDS 60

static int source_fd = -EBADF, target_fd = -EBADF;

/* Each test has a file system of its own: in it, "s" to copy from and "t" to copy to. */
static bool enter_world(void) {
        static bool is_there = false;

        if (!is_there) {
                if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_SLAVE | MS_REC, NULL) < 0)
                        return false;
                is_there = true;
        } else {
                closep(&source_fd);
                closep(&target_fd);
                CHECK(chdir("/") >= 0);
                CHECK(umount2("/tmp", MNT_DETACH) >= 0);
        }

        if (mount("tmpfs", "/tmp", "tmpfs", 0, "mode=0755,size=64m") < 0)
                return false;

        CHECK(chdir("/tmp") >= 0 && mkdir("s", 0755) >= 0 && mkdir("t", 0755) >= 0);
        source_fd = open("s", O_PATH | O_DIRECTORY | O_CLOEXEC);
        target_fd = open("t", O_PATH | O_DIRECTORY | O_CLOEXEC);
        (void) umask(022);
        (void) alarm(TEST_SECONDS);
        return true;
}

#define BEGIN() SKIP_UNLESS(geteuid() == 0 && enter_world(), "root")

static CopyRequest request(const char *source, const char *target) {
        return (CopyRequest) {
                .source_fd = source_fd, .source = source,
                .target_fd = target_fd, .target = target,
                .opener = -EBADF };
}

static int copy(const char *source, const char *target) {
        CopyRequest q = request(source, target);

        return copy_tree(&q);
}

static int copy_replacing(const char *source, const char *target) {
        CopyRequest q = request(source, target);

        q.replaces = true;
        return copy_tree(&q);
}

static int copy_disowning(const char *source, const char *target) {
        CopyRequest q = request(source, target);

        q.disowns = true;
        return copy_tree(&q);
}

static void make(const char *path, const char *text) {
        CHECK_OK(file_replace(AT_FDCWD, path, 0644, text));
}

static void check_text(const char *path, const char *wanted) {
        _cleanup_free_ char *text = NULL;

        CHECK_OK(file_read(path, 1 << 20, &text));
        CHECK_STREQ(text, wanted);
}

static struct stat status(const char *path) {
        struct stat st;

        if (lstat(path, &st) < 0)
                print_error("%s: %s\n", path, strerror(errno));
        CHECK(lstat(path, &st) >= 0);
        return st;
}

static bool exists(const char *path) {
        struct stat st;

        return lstat(path, &st) >= 0;
}

static unsigned count(const char *path) {
        _cleanup_free_ struct dirent **list = NULL;
        int n = scandir(path, &list, NULL, NULL);

        CHECK(n >= 2);
        for (int i = 0; i < n; i++)
                free(list[i]);
        return (unsigned) n - 2;
}

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

TEST(a_missing_source_is_told_of) {
        BEGIN();

        CHECK_ERR(copy("f", "f"), ENOENT);
        CHECK(count("t") == 0);
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

static void make_socket(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        CHECK(fd >= 0);
        strcpy(address.sun_path, path);
        CHECK(bind(fd, (struct sockaddr *) &address, sizeof(address)) >= 0);
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
        BEGIN();

        CHECK(mkdir("s/d", 0755) >= 0 && mkdir("s/d/e", 0755) >= 0);
        closep(&target_fd);
        target_fd = open("s/d/e", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK_ERR(copy("d", "d"), EINVAL);

        closep(&target_fd);
        target_fd = open("s", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK_ERR(copy_replacing("d", "d"), EINVAL);
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

static void kill_self(_unused_ void *userdata, _unused_ uint64_t bytes) {
        (void) raise(SIGKILL);
}

/* Copies in a process that is killed as soon as there are some bytes. */
static void copy_killed(const char *source, const char *target, bool replaces) {
        pid_t pid = fork();
        int result;

        CHECK(pid >= 0);
        if (pid == 0) {
                CopyRequest q = request(source, target);

                q.replaces = replaces;
                q.on_progress = kill_self;
                _exit(copy_tree(&q) < 0 ? 1 : 0);
        }

        CHECK(waitpid(pid, &result, 0) == pid);
        CHECK(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
}

TEST(a_copy_that_is_killed_leaves_no_half_file) {
        BEGIN();

        make("s/f", "text");
        copy_killed("f", "f", false);
        CHECK(count("t") == 0);

        make("t/f", "old");
        copy_killed("f", "f", true);
        check_text("t/f", "old");
        CHECK(count("t") == 1);
}

TEST(what_a_killed_copy_left_is_removed_by_the_next_one) {
        static const char left[] = "t/" COPY_TEMPORARY_PREFIX "0123456789abcdef0123456789abcdef";
        static const char other[] = "t/" COPY_TEMPORARY_PREFIX "mine";
        _cleanup_close_ int lock_fd = -EBADF;

        BEGIN();

        make(left, "half");
        make(other, "not a temporary one");
        CHECK(symlink("x", "s/link") >= 0 && symlink("y", "s/second") >= 0);

        /* As long as somebody makes some there, nobody knows whose they are. */
        lock_fd = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(flock(lock_fd, LOCK_SH) >= 0);
        CHECK_OK(copy("link", "link"));
        CHECK(exists(left));
        closep(&lock_fd);
        lock_fd = -EBADF;

        CHECK_OK(copy("second", "second"));
        CHECK(!exists(left) && exists(other));
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

/* Until it is killed: "d" is a directory, and a link out, and a directory … */
static void swap(const char *in) {
        int fd = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC);

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
                (void) renameat2(fd, "d", fd, "l", RENAME_EXCHANGE);
}

static void while_swapping(const char *in, void (*what)(void)) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0)
                swap(in);

        for (unsigned i = 0; i < 500; i++)
                what();

        CHECK(kill(pid, SIGKILL) >= 0 && waitpid(pid, NULL, 0) == pid);
}

static void copy_out(void) {
        int r = copy(".", "copy");

        CHECK(r == 0 || r == -ENOTDIR || r == -EAGAIN);
        CHECK(!exists("t/copy/d/secret") && !exists("t/copy/l/secret"));
}

TEST(a_guest_that_swaps_directories_for_links_reads_nothing_outside) {
        BEGIN();

        CHECK(mkdir("outside", 0755) >= 0 && mkdir("s/d", 0755) >= 0);
        make("outside/secret", "secret");
        make("s/d/f", "text");
        CHECK(symlink("../outside", "s/l") >= 0);
        while_swapping("s", copy_out);
}

static void copy_in(void) {
        int r = copy_replacing(".", ".");

        CHECK(r == 0 || r == -ENOTDIR || r == -EAGAIN || r == -EEXIST);
        CHECK(count("outside") == 1);
}

TEST(a_guest_that_swaps_directories_for_links_writes_nothing_outside) {
        BEGIN();

        CHECK(mkdir("outside", 0755) >= 0 && mkdir("t/d", 0755) >= 0 && mkdir("s/d", 0755) >= 0);
        make("outside/secret", "secret");
        make("s/d/f", "text");
        make("s/d/secret", "overwritten");
        CHECK(symlink("../outside", "t/l") >= 0);
        while_swapping("t", copy_in);
        check_text("outside/secret", "secret");
}

/* A process that is root of a user namespace of its own, and opens files there. */
static pid_t open_as_user(int socket, int other_end) {
        int ready[2], done[2];
        char byte = 0, path[64];
        pid_t pid;

        CHECK(pipe2(ready, O_CLOEXEC) >= 0 && pipe2(done, O_CLOEXEC) >= 0);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
                (void) close(other_end);
                if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], &byte, 1) != 1 ||
                    read(done[0], &byte, 1) != 1)
                        _exit(1);
                if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                        _exit(2);
                _exit(copy_source_serve(socket) < 0 ? 3 : 0);
        }

        (void) close(ready[1]);
        CHECK(read(ready[0], &byte, 1) == 1);
        (void) snprintf(path, sizeof(path), "/proc/%i/uid_map", pid);
        CHECK_OK(file_write(path, "0 100000 65536\n"));
        (void) snprintf(path, sizeof(path), "/proc/%i/gid_map", pid);
        CHECK_OK(file_write(path, "0 100000 65536\n"));
        CHECK(write(done[1], &byte, 1) == 1);
        (void) close(ready[0]);
        (void) close(done[0]);
        (void) close(done[1]);
        return pid;
}

TEST(sources_are_opened_with_the_rights_of_their_side) {
        char value[8] = "";
        CopyRequest q;
        int pair[2], result;
        pid_t pid;

        BEGIN();

        CHECK(mkdir("s/d", 0700) >= 0 && chown("s/d", 101000, 101000) >= 0);
        make("s/d/f", "theirs");
        CHECK(chown("s/d/f", 101000, 101000) >= 0 && chmod("s/d/f", 0600) >= 0);
        SKIP_UNLESS(setxattr("s/d/f", "user.a", "1", 1, 0) >= 0, "a tmpfs with extended attributes");
        make("s/shadow", "the host's");
        CHECK(chmod("s/shadow", 0600) >= 0);

        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) >= 0);
        pid = open_as_user(pair[0], pair[1]);
        (void) close(pair[0]);

        q = request("d", "d");
        q.disowns = true;
        q.opener = pair[1];
        CHECK_OK(copy_tree(&q));
        check_text("t/d/f", "theirs");
        CHECK(status("t/d/f").st_uid == 0 && status("t/d/f").st_mode == (S_IFREG | 0600));
        CHECK(getxattr("t/d/f", "user.a", value, sizeof(value)) == 1);

        q.source = q.target = "shadow";
        CHECK_ERR(copy_tree(&q), EACCES);
        q.source = q.target = "nothing";
        CHECK_ERR(copy_tree(&q), ENOENT);
        CHECK(count("t") == 1);

        (void) close(pair[1]);
        CHECK(waitpid(pid, &result, 0) == pid && WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

TEST_MAIN()
