/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "lib/base/beneath.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/process.h"

/* A guest makes its tree as deep as it likes; it shall not exhaust our stack. */
#define DEPTH_MAX 256

#define ATTRIBUTE_MAX (4 << 20)

const char *cgroup_mount_point(void) {
        static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        struct statfs fs;

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (statfs(places[i], &fs) >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
                        return places[i];

        return NULL;
}

int cgroup_of_process(pid_t pid, char **ret) {
        _cleanup_free_ char *text = NULL;
        const char *p;
        char path[64];
        int r;

        assert(ret);

        if (pid == 0)
                strcpy(path, "/proc/self/cgroup");
        else
                (void) snprintf(path, sizeof(path), "/proc/%i/cgroup", pid);

        r = file_read(path, ATTRIBUTE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;

        p = startswith(text, "0::") ? text : strstr(text, "\n0::");
        p = p ? strchr(p, '/') : NULL;
        if (!p)
                return -ENODATA;

        *ret = strndup(p, strcspn(p, "\n"));
        return *ret ? 0 : -ENOMEM;
}

bool cgroup_path_is_normal(const char *path) {
        if (path[0] != '/')
                return false;

        for (const char *p = path; *p; p += strcspn(p, "/")) {
                size_t n = strcspn(++p, "/");

                if ((n == 0 && path[1]) || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
        }

        return true;
}

static int open_root(void) {
        const char *root = cgroup_mount_point();
        int fd;

        if (!root)
                return -ENOMEDIUM;

        fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int cgroup_open(const char *path) {
        _cleanup_close_ int root_fd = -EBADF;
        int fd;

        assert(path);

        if (!cgroup_path_is_normal(path))
                return -EINVAL;

        root_fd = open_root();
        if (root_fd < 0)
                return root_fd;
        if (!path[1])
                return TAKE_FD(root_fd);

        fd = openat(root_fd, path + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* Parents may be removed, as empty, before they have the next one in them: that often. */
#define REMOVALS_MAX 128

int cgroup_make(const char *path) {
        _cleanup_close_ int root_fd = -EBADF;

        assert(path);

        if (!cgroup_path_is_normal(path))
                return -EINVAL;

        root_fd = open_root();
        if (root_fd < 0)
                return root_fd;

        for (unsigned i = 0;; i++) {
                _cleanup_close_ int fd = -EBADF;

                fd = beneath_make_directory(root_fd, path, 0755);
                if (fd != -ENOENT || i >= REMOVALS_MAX)
                        return MIN(fd, 0);
        }
}

static int open_attribute(const char *path, const char *attribute, int flags) {
        _cleanup_close_ int fd = -EBADF;
        int attribute_fd;

        fd = cgroup_open(path);
        if (fd < 0)
                return fd;

        attribute_fd = openat(fd, attribute, flags | O_CLOEXEC);
        return attribute_fd < 0 ? -errno : attribute_fd;
}

int cgroup_write(const char *path, const char *attribute, const char *value) {
        _cleanup_close_ int fd = -EBADF;

        assert(attribute);
        assert(value);

        fd = open_attribute(path, attribute, O_WRONLY);
        if (fd < 0)
                return fd;

        return fd_write_all(fd, value, strlen(value));
}

int cgroup_read(const char *path, const char *attribute, char **ret) {
        _cleanup_close_ int fd = -EBADF;

        assert(attribute);

        fd = open_attribute(path, attribute, O_RDONLY);
        if (fd < 0)
                return fd;

        return fd_read_all(fd, ATTRIBUTE_MAX, ret, NULL);
}

int cgroup_attach(const char *path, pid_t pid) {
        char text[32];

        (void) snprintf(text, sizeof(text), "%i", pid);
        return cgroup_write(path, "cgroup.procs", text);
}

static int has_event(const char *path, const char *line) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = cgroup_read(path, "cgroup.events", &text);
        if (r == -ENOENT || r == -ENODEV)
                return 0;
        if (r < 0)
                return r;

        return strstr(text, line) != NULL;
}

int cgroup_is_populated(const char *path) {
        return has_event(path, "populated 1");
}

int cgroup_wait_empty(const char *path, uint64_t limit_usec) {
        uint64_t end = clock_now_usec() + limit_usec;
        _cleanup_close_ int fd = -EBADF;
        char text[64];
        int r;

        fd = open_attribute(path, "cgroup.events", O_RDONLY);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLPRI };

                /* What changes after this wakes us. */
                if (pread(fd, text, sizeof(text), 0) < 0)
                        return errno == ENODEV ? 0 : -errno;
                r = cgroup_is_populated(path);
                if (r <= 0)
                        return r;

                r = clock_poll(&p, 1, end);
                if (r <= 0)
                        return r < 0 ? r : -ETIMEDOUT;
        }
}

int cgroup_is_frozen(const char *path) {
        return has_event(path, "frozen 1");
}

int cgroup_kill_all(const char *path) {
        int r = cgroup_write(path, "cgroup.kill", "1");

        /* ENODEV: removed between opening and writing */
        return r == -ENOENT || r == -ENODEV ? 0 : r;
}

typedef int (*Visit)(int fd, void *userdata);

/* Visits the group that @fd is open for, and all below it, the deepest first;
 * with @remove, those below are removed on the way. */
static int visit_tree(int fd, unsigned depth, Visit visit, bool remove, void *userdata) {
        DIR *directory;
        int r = 0, copy;

        if (depth >= DEPTH_MAX)
                return -ELOOP;

        copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (copy < 0)
                return -errno;

        directory = fdopendir(copy);
        if (!directory) {
                r = -errno;
                (void) close(copy);
                return r;
        }

        for (struct dirent *e; r >= 0 && (e = readdir(directory));) {
                _cleanup_close_ int child = -EBADF;

                if (e->d_type != DT_DIR || streq(e->d_name, ".") || streq(e->d_name, ".."))
                        continue;

                child = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child < 0)
                        continue; /* it has gone: all the better */

                r = visit_tree(child, depth + 1, visit, remove, userdata);
                if (r >= 0 && remove && unlinkat(fd, e->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                        r = -errno;
        }

        (void) closedir(directory);
        return r < 0 || !visit ? r : visit(fd, userdata);
}

int cgroup_remove(const char *path) {
        _cleanup_close_ int fd = -EBADF, root_fd = -EBADF;
        int r;

        fd = cgroup_open(path);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;

        r = visit_tree(fd, 0, NULL, true, NULL);
        if (r < 0)
                return r;

        root_fd = open_root();
        if (root_fd < 0)
                return root_fd;

        return unlinkat(root_fd, path + 1, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

typedef struct Signalling {
        int signo;
        uid_t owner;
        int n_processes;
} Signalling;

static void signal_one(Signalling *s, pid_t pid) {
        _cleanup_close_ int pidfd = -EBADF;

        pidfd = process_open(pid);
        if (pidfd < 0)
                return;
        if (s->owner != CGROUP_ANY_OWNER && process_is_owned_by(pidfd, s->owner) <= 0)
                return;

        if (process_signal(pidfd, s->signo) >= 0)
                s->n_processes++;
}

static int signal_group(int fd, void *userdata) {
        _cleanup_close_ int procs_fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        Signalling *s = userdata;
        char *state = NULL;
        int r;

        procs_fd = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        if (procs_fd < 0)
                return errno == ENOENT ? 0 : -errno;

        r = fd_read_all(procs_fd, ATTRIBUTE_MAX, &text, NULL);
        if (r < 0)
                return r == -ENODEV || r == -EOPNOTSUPP ? 0 : r; /* gone, or of threads */

        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
                pid_t pid;

                /* 0 stands for processes of other pid namespaces. */
                if (parse_pid(line, &pid) >= 0)
                        signal_one(s, pid);
        }

        return 0;
}

int cgroup_signal(const char *path, int signo, uid_t owner) {
        _cleanup_close_ int fd = -EBADF;
        Signalling s = { .signo = signo, .owner = owner };
        int r;

        fd = cgroup_open(path);
        if (fd < 0)
                return fd;

        r = visit_tree(fd, 0, signal_group, false, &s);
        return r < 0 ? r : s.n_processes;
}

static bool element_ends_with(const char *p, size_t n, const char *suffix) {
        size_t k = strlen(suffix);

        return n > k && strncmp(p + n - k, suffix, k) == 0;
}

/* Finds the element of @path that names a unit. */
static const char *find_unit(const char *path, size_t *ret_length) {
        for (const char *p = path; *p == '/'; p += strcspn(p, "/")) {
                size_t n = strcspn(++p, "/");

                if (element_ends_with(p, n, ".scope") || element_ends_with(p, n, ".service")) {
                        *ret_length = n;
                        return p;
                }
                if (!element_ends_with(p, n, ".slice"))
                        return NULL;
        }

        return NULL;
}

int cgroup_unit(const char *path, char **ret, char **ret_below) {
        _cleanup_free_ char *unit = NULL, *below = NULL;
        const char *p;
        size_t n;

        assert(path);
        assert(ret);

        p = find_unit(path, &n);
        if (!p)
                return -ENXIO;

        unit = strndup(p, n);
        below = strdup(p[n] ? p + n + 1 : "");
        if (!unit || !below)
                return -ENOMEM;

        *ret = TAKE_PTR(unit);
        if (ret_below)
                *ret_below = TAKE_PTR(below);
        return 0;
}

int cgroup_unit_path(const char *path, char **ret) {
        const char *p;
        size_t n;

        assert(path);
        assert(ret);

        p = find_unit(path, &n);
        if (!p)
                return -ENXIO;

        *ret = strndup(path, (size_t) (p - path) + n);
        return *ret ? 0 : -ENOMEM;
}
