/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is in /run/host: items 27 to 39. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "client/check/item.h"
#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define OS_RELEASE_SIZE_MAX (64 * 1024)
#define USER_ENTRIES_MAX 4096

static void look_immutable(const Subject *s, Answer *a) {
        int r;

        r = subject_is_read_only(s, "/run/host");
        if (r < 0)
                return answer_error(a, "/run/host", r);

        answer_if(a, r > 0, "/run/host is %s", r > 0 ? "read-only" : "writable");
}

static void look_incoming(const Subject *s, Answer *a) {
        _cleanup_(mounts_done) Mounts mounts = {};
        const Mount *m;
        struct stat st;
        int r;

        if (subject_stat(s, "/run/host/incoming", false, &st) == -ENOENT)
                return answer_not_applicable(a, "not there: mounts are attached by descriptor");

        r = subject_mounts(s, &mounts);
        if (r < 0)
                return answer_error(a, "mountinfo", r);

        m = mounts_find(&mounts, "/run/host/incoming");
        answer_if(a, m && m->slave, "/run/host/incoming %s", !m ? "is no mount" : m->slave ?
                  "is a slave of the host's" : "gets nothing from the host");
}

static void look_inaccessible(const Subject *s, Answer *a) {
        static const struct {
                const char *name;
                mode_t type;
        } nodes[] = {
                { "reg", S_IFREG }, { "dir", S_IFDIR }, { "fifo", S_IFIFO },
                { "sock", S_IFSOCK }, { "chr", S_IFCHR }, { "blk", S_IFBLK },
        };

        for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
                char path[48];
                struct stat st;
                int r;

                (void) snprintf(path, sizeof(path), "/run/host/inaccessible/%s", nodes[i].name);
                r = subject_stat(s, path, false, &st);
                if (r < 0)
                        return answer_error(a, path, r);
                if ((st.st_mode & S_IFMT) != nodes[i].type || (st.st_mode & 07777) != 0)
                        return answer_fail(a, "%s has mode %06o", path, st.st_mode);
                if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) && st.st_rdev != 0)
                        return answer_fail(a, "%s is a device that there may be", path);
        }

        answer_pass(a, "reg dir fifo sock chr blk, all of mode 000");
}

static void look_notify(const Subject *s, Answer *a) {
        _cleanup_free_ char *path = NULL;
        struct stat st;
        int r;

        r = subject_variable(s, "NOTIFY_SOCKET", &path);
        if (r < 0)
                return answer_error(a, "environment", r);
        if (path && !streq(path, "/run/host/notify"))
                return answer_not_applicable(a, "it is %s, and this place only recommended", path);

        r = subject_stat(s, "/run/host/notify", false, &st);
        if (r < 0)
                return answer_error(a, "/run/host/notify", r);

        answer_if(a, S_ISSOCK(st.st_mode), "/run/host/notify is %s socket",
                  S_ISSOCK(st.st_mode) ? "a" : "no");
}

static void look_os_release(const Subject *s, Answer *a) {
        _cleanup_free_ char *ours = NULL, *theirs = NULL;
        int r;

        if (file_read("/etc/os-release", OS_RELEASE_SIZE_MAX, &ours) < 0 &&
            file_read("/usr/lib/os-release", OS_RELEASE_SIZE_MAX, &ours) < 0)
                return answer_not_applicable(a, "the host has none");

        r = subject_read(s, "/run/host/os-release", &theirs);
        if (r < 0)
                return answer_error(a, "/run/host/os-release", r);

        answer_if(a, streq(ours, theirs), "%s the host's", streq(ours, theirs) ? "the same as" : "not");
}

/* A file that says the same as a variable. */
static void compare_file(const Subject *s, const char *path, const char *variable, Answer *a) {
        _cleanup_free_ char *value = NULL, *expected = NULL, *text = NULL;
        struct stat st;
        int r;

        r = subject_variable(s, variable, &value);
        if (r < 0)
                return answer_error(a, "environment", r);

        r = subject_read(s, path, &text);
        if (r >= 0)
                r = subject_stat(s, path, true, &st);
        if (r == -ENOENT && !value)
                return answer_not_applicable(a, "neither the file nor %s=", variable);
        if (r < 0)
                return answer_error(a, path, r);

        r = text_printf(&expected, "%s\n", value ? value : "");
        if (r < 0)
                return answer_error(a, path, r);

        text[strcspn(text, "\n") + (strchr(text, '\n') ? 1 : 0)] = '\0';
        answer_if(a, streq(text, expected) && (st.st_mode & 0444) == 0444,
                  "%s=%s, mode %04o, the file says %.*s", variable, value ? value : "",
                  st.st_mode & 07777, (int) strcspn(text, "\n"), text);
}

static void look_manager(const Subject *s, Answer *a) {
        compare_file(s, "/run/host/container-manager", "container", a);
}

static void look_uuid(const Subject *s, Answer *a) {
        compare_file(s, "/run/host/container-uuid", "container_uuid", a);
}

static void look_credentials(const Subject *s, Answer *a) {
        _cleanup_free_ char *value = NULL;
        struct stat st;
        int r;

        r = subject_variable(s, "CREDENTIALS_DIRECTORY", &value);
        if (r < 0)
                return answer_error(a, "environment", r);
        if (!value)
                return answer_not_applicable(a, "it was given no credentials");
        if (!streq(value, "/run/host/credentials"))
                return answer_not_applicable(a, "they are in %s, and this place only recommended", value);

        r = subject_stat(s, "/run/host/credentials", false, &st);
        answer_if(a, r >= 0 && S_ISDIR(st.st_mode), "/run/host/credentials is %s",
                  r >= 0 && S_ISDIR(st.st_mode) ? "a directory" : "not there");
}

static void look_export(const Subject *s, Answer *a) {
        int r;

        r = subject_is_read_only(s, "/run/host/unix-export");
        if (r == -ENOENT)
                return answer_not_applicable(a, "the manager offers none");
        if (r < 0)
                return answer_error(a, "/run/host/unix-export", r);

        answer_if(a, r == 0, "/run/host/unix-export is %s", r > 0 ? "read-only" : "writable");
}

static void look_ssh(const Subject *s, Answer *a) {
        struct stat st;
        int r;

        r = subject_stat(s, "/run/host/unix-export/ssh", false, &st);
        if (r == -ENOENT)
                return answer_not_applicable(a, "nothing offers SSH there");
        if (r < 0)
                return answer_error(a, "/run/host/unix-export/ssh", r);

        answer_if(a, S_ISSOCK(st.st_mode), "it is %s socket", S_ISSOCK(st.st_mode) ? "a" : "no");
}

static bool is_record(const char *name) {
        static const char *const endings[] = {
                ".user", ".group", ".user-privileged", ".group-privileged", ".membership",
        };

        for (size_t i = 0; i < ELEMENTSOF(endings); i++)
                if (endswith(name, endings[i]))
                        return true;

        return false;
}

/* Counts those that are no records of users and groups. The guest may not have written them, but
 * who knows. */
static int count_records(int fd, unsigned *ret_n, unsigned *ret_other) {
        struct dirent *entry;
        DIR *directory;

        directory = fdopendir(fd);
        if (!directory) {
                (void) close(fd);
                return -errno;
        }

        *ret_n = *ret_other = 0;
        while (*ret_n < USER_ENTRIES_MAX && (entry = readdir(directory))) {
                const char *name = entry->d_name;

                if (name[0] == '.')
                        continue;

                (*ret_n)++;
                if (!is_record(name))
                        (*ret_other)++;
        }

        (void) closedir(directory);
        return 0;
}

static void look_userdb(const Subject *s, Answer *a) {
        unsigned n = 0, other = 0;
        int fd, r;

        fd = beneath_open(s->root_fd, "/run/host/userdb", O_RDONLY | O_DIRECTORY, 0);
        if (fd == -ENOENT)
                return answer_not_applicable(a, "it was given no users of the host");
        r = fd < 0 ? fd : count_records(fd, &n, &other);
        if (r < 0)
                return answer_error(a, "/run/host/userdb", r);

        answer_if(a, n > 0 && other == 0, "%u records, %u of unknown kinds", n, other);
}

static void look_home(const Subject *s, Answer *a) {
        struct stat st;
        int r;

        r = subject_stat(s, "/run/host/home", false, &st);
        if (r == -ENOENT)
                return answer_not_applicable(a, "it was given no homes of the host");
        if (r < 0)
                return answer_error(a, "/run/host/home", r);

        answer_if(a, S_ISDIR(st.st_mode), "it is %s directory", S_ISDIR(st.st_mode) ? "a" : "no");
}

static void look_root(const Subject *s, Answer *a) {
        struct stat st;
        int r;

        r = subject_stat(s, "/run/host/root", false, &st);
        if (r != -ENOENT)
                return r < 0 ? answer_error(a, "/run/host/root", r) :
                               answer_fail(a, "/run/host/root is there, and safe for nobody");

        answer_pass(a, "not there, as it should be");
}

const Item run_host_items[] = {
        { 27, "/run/host is read-only", "fstatvfs()", look_immutable },
        { 28, "incoming/ gets mounts from the host", "mountinfo", look_incoming },
        { 29, "inaccessible/ has a node of each kind", "fstat()", look_inaccessible },
        { 30, "notify is a socket", "environ, fstat()", look_notify },
        { 31, "os-release is the host's", "comparison", look_os_release },
        { 32, "container-manager is as in the environment", "environ, comparison", look_manager },
        { 33, "container-uuid is as in the environment", "environ, comparison", look_uuid },
        { 34, "credentials/ is there if there are some", "environ, fstat()", look_credentials },
        { 35, "unix-export/ is writable", "fstatvfs()", look_export },
        { 36, "unix-export/ssh is a socket", "fstat()", look_ssh },
        { 37, "userdb/ has records of users", "directory entries", look_userdb },
        { 38, "home/ has homes of the host", "fstat()", look_home },
        { 39, "root/ is not there", "fstat()", look_root },
        {}
};
