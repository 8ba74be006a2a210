/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest finds when it is executed: items 1 to 12. */

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "client/check/item.h"
#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/host.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/process.h"

static void look_hostname(const Subject *s, Answer *a) {
        struct utsname ours, theirs;
        int r;

        if (!subject_has_own(s, "uts"))
                return answer_fail(a, "the guest has the host's UTS namespace");
        if (uname(&ours) < 0)
                return answer_error(a, "uname()", -errno);

        r = subject_join(s, CLONE_NEWUTS);
        if (r < 0)
                return answer_error(a, "UTS namespace", r);
        if (uname(&theirs) < 0)
                return answer_error(a, "uname()", -errno);

        answer_if(a, theirs.nodename[0] && !streq(theirs.nodename, ours.nodename) &&
                     !streq(theirs.nodename, "(none)"), "hostname %s", theirs.nodename);
}

/* What lies over the others at a path, as the kernel has it. */
static const Mount *find_mount(const Mounts *mounts, const char *point, Answer *a) {
        const Mount *m = mounts_find(mounts, point);

        if (!m)
                answer_fail(a, "nothing is mounted at %s", point);
        return m;
}

static bool kernel_has_selinux(void) {
        struct statfs st;

        return statfs("/sys/fs/selinux", &st) >= 0 && st.f_type == SELINUX_MAGIC;
}

static void look_mounted(const Subject *s, Answer *a) {
        _cleanup_(mounts_done) Mounts mounts = {};
        const Mount *proc, *sys;
        int r;

        r = subject_mounts(s, &mounts);
        if (r < 0)
                return answer_error(a, "mountinfo", r);
        if (!(proc = find_mount(&mounts, "/proc", a)) || !(sys = find_mount(&mounts, "/sys", a)))
                return;
        if (kernel_has_selinux() && !find_mount(&mounts, "/sys/fs/selinux", a))
                return;

        answer_if(a, streq(proc->type, "proc") && (streq(sys->type, "sysfs") || streq(sys->type, "tmpfs")),
                  "%s at /proc, %s at /sys%s", proc->type, sys->type,
                  kernel_has_selinux() ? ", selinuxfs" : "; the kernel has no SELinux");
}

/* Outside of its own user namespace, its root user is nobody special. */
static bool is_confined(const Subject *s) {
        static const char *const types[] = { "net", "user", "ipc", "uts", "pid" };
        _cleanup_free_ char *map = NULL;
        unsigned inside, outside;

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (!subject_has_own(s, types[i]))
                        return false;

        return process_read(s->leader, "uid_map", &map) >= 0 &&
               sscanf(map, "%u %u", &inside, &outside) == 2 && inside == 0 && outside != 0;
}

static void look_read_only(const Subject *s, Answer *a) {
        int sys = subject_is_read_only(s, "/sys"), proc_sys = subject_is_read_only(s, "/proc/sys"),
            kernel = subject_is_read_only(s, "/proc/sys/kernel"),
            net = subject_is_read_only(s, "/proc/sys/net");

        if (sys < 0)
                return answer_error(a, "/sys", sys);
        if (proc_sys < 0 || kernel < 0)
                return answer_error(a, "/proc/sys", proc_sys < 0 ? proc_sys : kernel);
        if (sys == 0)
                return answer_fail(a, "/sys is writable");
        if (kernel_has_selinux() && subject_is_read_only(s, "/sys/fs/selinux") == 0)
                return answer_fail(a, "/sys/fs/selinux is writable");
        if ((proc_sys == 0 || kernel == 0) && !is_confined(s))
                return answer_fail(a, "/proc/sys is writable, of the host's kernel");
        if (net == 0 && !subject_has_own(s, "net"))
                return answer_fail(a, "/proc/sys/net is writable, of the host's network");

        answer_pass(a, "/sys read-only, /proc/sys %s, /proc/sys/net %s",
                    proc_sys ? "read-only" : "writable and its own",
                    net ? "read-only" : "writable and its own");
}

static void look_dev(const Subject *s, Answer *a) {
        _cleanup_close_ int fd = -EBADF;
        struct stat theirs, ours;
        struct statfs st;

        fd = beneath_open(s->root_fd, "dev", O_PATH, 0);
        if (fd < 0)
                return answer_error(a, "/dev", fd);
        if (fstatfs(fd, &st) < 0 || fstat(fd, &theirs) < 0 || stat("/dev", &ours) < 0)
                return answer_error(a, "/dev", -errno);
        if (theirs.st_dev == ours.st_dev)
                return answer_fail(a, "/dev is the host's");

        answer_if(a, st.f_type == TMPFS_MAGIC, "/dev is %s", st.f_type == TMPFS_MAGIC ?
                  "a tmpfs, not the host's" : "no tmpfs");
}

/* Opened by no name again: what it is was looked at first, and stays it. Opening the end of
 * a pseudo terminal that nobody holds the other end of is an error. */
static int open_terminal(int path_fd) {
        return fd_reopen(path_fd, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143

static void look_console(const Subject *s, Answer *a) {
        _cleanup_close_ int path_fd = -EBADF, fd = -EBADF;
        struct stat st;

        path_fd = beneath_open(s->root_fd, "dev/console", O_PATH, 0);
        if (path_fd < 0)
                return answer_error(a, "/dev/console", path_fd);
        if (fstat(path_fd, &st) < 0)
                return answer_error(a, "/dev/console", -errno);
        if (!S_ISCHR(st.st_mode))
                return answer_fail(a, "/dev/console is no device");
        if (major(st.st_rdev) < PTS_MAJOR_FIRST || major(st.st_rdev) > PTS_MAJOR_LAST)
                return answer_if(a, major(st.st_rdev) == 5 && minor(st.st_rdev) == 1,
                                 "/dev/console is device %u:%u", major(st.st_rdev), minor(st.st_rdev));

        fd = open_terminal(path_fd);
        answer_if(a, fd >= 0, "/dev/console is pseudo terminal %u, its other end is %s",
                  minor(st.st_rdev), fd >= 0 ? "held" : "closed");
}

static const struct {
        const char *name;
        unsigned major, minor;
} node_table[] = {
        { "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 },
        { "tty", 5, 0 }, { "ptmx", 5, 2 },
};

static void look_nodes(const Subject *s, Answer *a) {
        for (size_t i = 0; i < ELEMENTSOF(node_table); i++) {
                char path[16];
                struct stat st;
                int r;

                (void) snprintf(path, sizeof(path), "/dev/%s", node_table[i].name);
                r = subject_stat(s, path, true, &st);
                if (r < 0)
                        return answer_error(a, path, r);
                if (!S_ISCHR(st.st_mode) ||
                    st.st_rdev != makedev(node_table[i].major, node_table[i].minor) ||
                    (st.st_mode & 0666) != 0666)
                        return answer_fail(a, "%s is of type %o, device %u:%u, mode %04o", path,
                                           st.st_mode & S_IFMT, major(st.st_rdev), minor(st.st_rdev),
                                           st.st_mode & 07777);
        }

        answer_pass(a, "null zero full random urandom tty ptmx, all 0666");
}

/* Tries a device in a file system that nobody else sees. Returns 1 if it can be made and opened. */
static int try_device(int directory_fd, const char *name, mode_t type, unsigned maj, unsigned min) {
        int fd;

        if (mknodat(directory_fd, name, type | 0600, makedev(maj, min)) < 0)
                return errno == EPERM ? 0 : -errno;

        fd = openat(directory_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return errno == EPERM ? 0 : 1; /* that there is no such disk is said by the driver */

        (void) close(fd);
        return 1;
}

/* The policy is that of the control group, and so is ours once we are in it. */
static void look_policy(const Subject *s, Answer *a) {
        _cleanup_free_ char *group = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r, before, null, disk, memory;

        r = cgroup_of_process(s->pid, &group);
        if (r < 0)
                return answer_unknown(a, "not in the unified hierarchy");

        fd = mount_new("tmpfs", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        if (fd < 0)
                return answer_error(a, "tmpfs", fd);

        before = try_device(fd, "before", S_IFBLK, 8, 0);
        r = cgroup_attach(group, 0);
        if (r < 0)
                return answer_unknown(a, "cannot enter control group %s: %s", group, strerror(-r));

        null = try_device(fd, "null", S_IFCHR, 1, 3);
        disk = try_device(fd, "disk", S_IFBLK, 8, 0);
        memory = try_device(fd, "memory", S_IFCHR, 1, 1);
        if (null < 0 || disk < 0 || memory < 0)
                return answer_unknown(a, "devices cannot be made");

        answer_if(a, null == 1 && disk == 0 && memory == 0,
                  "null c 1:3 %s, disk b 8:0 %s%s, memory c 1:1 %s",
                  null ? "works" : "refused", disk ? "works" : "refused",
                  before == 0 ? " (on this host too)" : "", memory ? "works" : "refused");
}

static bool is_udev(pid_t pid) {
        _cleanup_free_ char *path = NULL, *name = NULL;

        if (text_printf(&path, "/proc/%i/comm", pid) < 0 || file_read(path, 64, &name) < 0)
                return false;

        return startswith(name, "systemd-udevd") || startswith(name, "udevd") ||
               startswith(name, "(udev-worker)") || startswith(name, "mdev");
}

static int find_udev(pid_t pid, _unused_ void *userdata) {
        return is_udev(pid) ? (int) pid : 0;
}

static void look_udev(const Subject *s, Answer *a) {
        int read_only = subject_is_read_only(s, "/sys"), r;

        if (read_only < 0)
                return answer_error(a, "/sys", read_only);
        if (read_only == 0)
                return answer_fail(a, "/sys is writable, so udev starts");

        r = subject_each_process(s, find_udev, NULL);
        if (r < 0)
                return answer_error(a, "processes", r);

        answer_if(a, r == 0, r == 0 ? "/sys is read-only, and no udev runs" : "process %i is a udev", r);
}

/* Those that a process has: field 7 of its stat, behind a name that may have blanks in it. */
static int read_terminal(pid_t pid, dev_t *ret) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        const char *rest;
        int number, r;

        r = text_printf(&path, "/proc/%i/stat", pid);
        if (r >= 0)
                r = file_read(path, 4096, &text);
        if (r < 0)
                return r;

        rest = strrchr(text, ')');
        if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %d", &number) != 1)
                return -EIO;

        /* As the kernel's new_encode_dev() has it. */
        *ret = makedev(((unsigned) number >> 8) & 0xfff, ((unsigned) number & 0xff) |
                       (((unsigned) number >> 12) & 0xfff00));
        return 0;
}

typedef struct Gettys {
        unsigned n, virtual;
} Gettys;

#define VIRTUAL_CONSOLE_MAJOR 4

static int count_getty(pid_t pid, void *userdata) {
        _cleanup_free_ char *path = NULL, *name = NULL;
        Gettys *g = userdata;
        dev_t terminal;

        if (text_printf(&path, "/proc/%i/comm", pid) < 0 || file_read(path, 64, &name) < 0 ||
            (!endswith(name, "getty\n") && !streq(name, "login\n")) || read_terminal(pid, &terminal) < 0)
                return 0;

        g->n++;
        if (major(terminal) == VIRTUAL_CONSOLE_MAJOR)
                g->virtual++;
        return 0;
}

static void look_getty(const Subject *s, Answer *a) {
        Gettys g = {};
        int r;

        r = subject_each_process(s, count_getty, &g);
        if (r < 0)
                return answer_error(a, "processes", r);

        answer_if(a, g.virtual == 0, "%u of getty or login, %u of them on virtual consoles", g.n, g.virtual);
}

/* How often a leader may move on while we look: systemd does once, when it begins. */
#define MOVES_MAX 16

/* The leader's group, as we name it and as the guest does, which depends on where its namespace begins. */
static int name_cgroup(const Subject *s, char **ret_ours, char **ret_theirs) {
        _cleanup_close_ int home = -EBADF;

        home = open("/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC);
        if (home < 0)
                return -errno;

        for (unsigned i = 0; i < MOVES_MAX; i++) {
                _cleanup_free_ char *before = NULL, *theirs = NULL, *after = NULL;
                int r;

                r = cgroup_of_process(s->pid, &before);
                if (r >= 0)
                        r = subject_join(s, CLONE_NEWCGROUP);
                if (r >= 0)
                        r = cgroup_of_process(s->pid, &theirs);
                if (r >= 0 && setns(home, CLONE_NEWCGROUP) < 0)
                        r = -errno;
                if (r >= 0)
                        r = cgroup_of_process(s->pid, &after);
                if (r < 0)
                        return r;
                if (!streq(before, after))
                        continue;

                *ret_ours = TAKE_PTR(after);
                *ret_theirs = TAKE_PTR(theirs);
                return 0;
        }

        return -EAGAIN;
}

/* Compares what the guest finds below its mount with the group itself. */
static void compare_cgroup(const Subject *s, const char *point, Answer *a) {
        _cleanup_free_ char *group = NULL, *name = NULL, *path = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct stat ours, theirs;
        int r;

        r = name_cgroup(s, &group, &name);
        if (r >= 0)
                r = text_printf(&path, "%s%s", point, name);
        if (r < 0)
                return answer_unknown(a, "control group: %s", strerror(-r));

        fd = cgroup_open(group);
        if (fd < 0 || fstat(fd, &ours) < 0)
                return answer_error(a, "control group", fd < 0 ? fd : -errno);

        r = subject_stat(s, path, true, &theirs);
        answer_if(a, r >= 0 && theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino,
                  "its group %s is %s at %s", name, r < 0 ? "not found" :
                  theirs.st_ino == ours.st_ino ? "found" : "another one", path);
}

static void look_cgroup(const Subject *s, Answer *a) {
        _cleanup_(mounts_done) Mounts mounts = {};
        const char *point = NULL;
        bool legacy = false;
        int r;

        if (!s->cgroup)
                return answer_unknown(a, "not in the unified hierarchy");

        r = subject_mounts(s, &mounts);
        if (r < 0)
                return answer_error(a, "mountinfo", r);

        for (size_t i = 0; i < mounts.n; i++) {
                const Mount *m = &mounts.list[i];

                if (streq(m->point, "/sys/fs/cgroup") || startswith(m->point, "/sys/fs/cgroup/")) {
                        legacy = legacy || streq(m->type, "cgroup");
                        point = !point && streq(m->type, "cgroup2") ? m->point : point;
                }
        }

        if (point)
                return compare_cgroup(s, point, a);
        if (legacy)
                return answer_unknown(a, "only control groups of version 1 are mounted");

        answer_pass(a, "no control groups are mounted");
}

static void look_delegate(const Subject *s, Answer *a) {
        _cleanup_free_ char *unit = NULL;

        if (!s->cgroup)
                return answer_unknown(a, "not in the unified hierarchy");
        if (!host_has_systemd())
                return answer_not_applicable(a, "no systemd runs this host; its group is %s", s->cgroup);
        if (cgroup_unit(s->cgroup, &unit, NULL) < 0)
                return answer_fail(a, "%s is in no unit", s->cgroup);
        if (s->delegate < 0)
                return answer_unknown(a, "systemd does not tell of %s: %s", unit, strerror(-s->delegate));

        answer_if(a, s->delegate > 0, "%s has Delegate=%s", unit, s->delegate > 0 ? "yes" : "no");
}

static void look_shared(const Subject *s, Answer *a) {
        static const char *const points[] = { "/", "/proc", "/sys", "/dev", "/run" };
        _cleanup_(mounts_done) Mounts mounts = {};
        size_t n = 0;
        int r;

        r = subject_mounts(s, &mounts);
        if (r < 0)
                return answer_error(a, "mountinfo", r);

        for (size_t i = 0; i < ELEMENTSOF(points); i++) {
                const Mount *m = mounts_find(&mounts, points[i]);

                if (m && !m->shared)
                        return answer_fail(a, "%s is not shared", points[i]);
                n += m ? 1 : 0;
        }

        answer_if(a, n > 0, "/ and %zu more are shared", n - 1);
}

const Item execution_items[] = {
        { 1, "hostname of its own", "uname() in its UTS namespace", look_hostname },
        { 2, "/proc and /sys are mounted", "mountinfo", look_mounted },
        { 3, "/sys and /proc/sys are read-only", "fstatvfs()", look_read_only },
        { 4, "/dev is a private tmpfs", "fstatfs()", look_dev },
        { 5, "a terminal at /dev/console, held open", "open() of its device", look_console },
        { 6, "usual device nodes", "fstat()", look_nodes },
        { 7, "other devices are refused by policy", "mknod() and open() in its control group", look_policy },
        { 8, "udev cannot run", "fstatvfs(), process list", look_udev },
        { 9, "no getty beyond the console", "terminals of its processes", look_getty },
        { 10, "control groups mounted whole, or not", "its path in its cgroup namespace", look_cgroup },
        { 11, "a unit with Delegate=yes", "systemd", look_delegate },
        { 12, "mounts are shared", "mountinfo", look_shared },
        {}
};
