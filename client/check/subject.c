/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "client/check/subject.h"
#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/process.h"

#define FILE_SIZE_MAX (256 * 1024)
#define ENVIRONMENT_SIZE_MAX (4 * 1024 * 1024)
#define MOUNTINFO_SIZE_MAX (16 * 1024 * 1024)

void subject_init(Subject *s) {
        *s = (Subject) {
                .leader = -EBADF,
                .root_fd = -EBADF,
                .delegate = -ENODATA,
        };
}

void subject_done(Subject *s) {
        free(s->name);
        free(s->cgroup);
        closep(&s->leader);
        closep(&s->root_fd);
        subject_init(s);
}

int subject_open(Subject *s, pid_t pid, const char *name) {
        int r;

        assert(s);

        s->pid = pid;
        s->leader = process_open(pid);
        if (s->leader < 0)
                return s->leader;

        r = process_shares_namespace(s->leader, "mnt");
        if (r != 0)
                return r > 0 ? -EINVAL : r;

        s->root_fd = process_open_root(s->leader);
        if (s->root_fd < 0)
                return s->root_fd;

        r = cgroup_of_process(pid, &s->cgroup);
        if (r < 0 && r != -ENODATA)
                return r;

        if (name && !(s->name = strdup(name)))
                return -ENOMEM;

        return process_is_alive(s->leader) ? 0 : -ESRCH;
}

int subject_stat(const Subject *s, const char *path, bool follow, struct stat *ret) {
        _cleanup_close_ int fd = -EBADF;

        fd = beneath_open(s->root_fd, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
        if (fd < 0)
                return fd;

        return fstat(fd, ret) < 0 ? -errno : 0;
}

int subject_is_read_only(const Subject *s, const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct statvfs st;

        fd = beneath_open(s->root_fd, path, O_PATH, 0);
        if (fd < 0)
                return fd;
        if (fstatvfs(fd, &st) < 0)
                return -errno;

        return st.f_flag & ST_RDONLY ? 1 : 0;
}

int subject_read(const Subject *s, const char *path, char **ret) {
        return beneath_read(s->root_fd, path, FILE_SIZE_MAX, ret);
}

int subject_read_link(const Subject *s, const char *path, char **ret) {
        _cleanup_close_ int fd = -EBADF;
        char target[PATH_MAX];
        ssize_t n;

        fd = beneath_open(s->root_fd, path, O_PATH | O_NOFOLLOW, 0);
        if (fd < 0)
                return fd;

        n = readlinkat(fd, "", target, sizeof(target) - 1);
        if (n < 0)
                return errno == ENOENT ? -EINVAL : -errno;

        target[n] = '\0';
        *ret = strdup(target);
        return *ret ? 0 : -ENOMEM;
}

/* Of the leader, and of nobody who has its number by now. */
static int read_whole(const Subject *s, const char *name, size_t limit, char **ret, size_t *ret_size) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t size;
        int r;

        r = text_printf(&path, "/proc/%i/%s", s->pid, name);
        if (r < 0)
                return r;

        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = fd_read_all(fd, limit, &text, &size);
        if (r < 0)
                return r;
        if (!process_is_alive(s->leader))
                return -ESRCH;

        *ret = TAKE_PTR(text);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int subject_mounts(const Subject *s, Mounts *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_whole(s, "mountinfo", MOUNTINFO_SIZE_MAX, &text, NULL);
        return r < 0 ? r : mounts_parse(text, ret);
}

const char *environment_block_find(const char *block, size_t size, const char *name) {
        const char *end = block + size;

        for (const char *p = block; p < end; p += strnlen(p, (size_t) (end - p)) + 1) {
                const char *value = startswith(p, name);

                if (value && *value == '=')
                        return value + 1;
        }

        return NULL;
}

int subject_variable(const Subject *s, const char *name, char **ret) {
        _cleanup_free_ char *block = NULL;
        const char *value;
        size_t size = 0;
        int r;

        r = read_whole(s, "environ", ENVIRONMENT_SIZE_MAX, &block, &size);
        if (r < 0)
                return r;

        value = environment_block_find(block, size, name);
        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

int status_find_mask(const char *text, const char *key, uint64_t *ret) {
        _cleanup_(strv_freep) char **lines = NULL;
        int r;

        r = strv_split(text, "\n", &lines);
        if (r < 0)
                return r;

        for (char **line = lines; line && *line; line++) {
                const char *rest = startswith(*line, key);
                unsigned long long bits;
                int n = 0;

                if (!rest || sscanf(rest, ":\t%16llx%n", &bits, &n) != 1 || rest[n] != '\0')
                        continue;

                *ret = bits;
                return 0;
        }

        return -ENODATA;
}

int subject_mask(const Subject *s, const char *key, uint64_t *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = process_read(s->leader, "status", &text);
        return r < 0 ? r : status_find_mask(text, key, ret);
}

int subject_join(const Subject *s, int flags) {
        return setns(s->leader, flags) < 0 ? -errno : 0;
}

bool subject_has_own(const Subject *s, const char *type) {
        return process_shares_namespace(s->leader, type) == 0;
}

static int namespace_of(pid_t pid, struct stat *ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = text_printf(&path, "/proc/%i/ns/pid", pid);
        if (r < 0)
                return r;

        return stat(path, ret) < 0 ? -errno : 0;
}

int subject_each_process(const Subject *s, int (*each)(pid_t pid, void *userdata), void *userdata) {
        struct stat mine, other;
        struct dirent *entry;
        DIR *directory;
        int r;

        r = namespace_of(s->pid, &mine);
        if (r < 0)
                return r;

        directory = opendir("/proc");
        if (!directory)
                return -errno;

        for (r = 0; r == 0 && (entry = readdir(directory));) {
                pid_t pid;

                if (parse_pid(entry->d_name, &pid) >= 0 && namespace_of(pid, &other) >= 0 &&
                    mine.st_dev == other.st_dev && mine.st_ino == other.st_ino)
                        r = each(pid, userdata);
        }

        (void) closedir(directory);
        return r;
}
