/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/process.h"

/* linux/sched.h of the kernel, which /proc/PID/stat tells of but no header of its interface. */
#define PF_FORKNOEXEC 0x00000040

/* linux/magic.h, PID_FS_MAGIC, which Debian 12's headers do not have. */
#define PIDFS_MAGIC 0x50494446

/* linux/pidfd.h, since 6.11 and 6.13, which Debian 12's headers do not have either. */
#define PIDFD_GET_NET_NAMESPACE_ _IO(0xFF, 4)
#define PIDFD_GET_USER_NAMESPACE_ _IO(0xFF, 9)
#define PIDFD_GET_INFO_ _IOWR(0xFF, 11, PidfdInfo)

/* As much of struct pidfd_info as its first version had. */
typedef struct PidfdInfo {
        uint64_t mask, cgroup_id;
        uint32_t pid, tgid, ppid;
        uint32_t ids[8];
        int32_t exit_code;
} PidfdInfo;

/* For mask: what is left of a process that was reaped, since 6.15. */
#define PIDFD_INFO_EXIT_ (UINT64_C(1) << 3)

/* The longest are maps of ids: 340 lines of 33 bytes. */
#define PROC_FILE_MAX (16 << 10)

/* Linux does not nest user namespaces any deeper. */
#define USER_NAMESPACES_MAX 33

int process_open(pid_t pid) {
        int fd;

        assert(pid > 0);

        fd = pidfd_open(pid, 0);
        return fd < 0 ? -errno : fd;
}

bool process_is_pidfd(int fd) {
        char path[64], target[sizeof("anon_inode:[pidfd]") + 1] = "";

        /* Of pidfs, too, whose files the kernel calls as it always did. */
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%i", fd);
        return readlink(path, target, sizeof(target) - 1) >= 0 && streq(target, "anon_inode:[pidfd]");
}

static int pid_from_text(int pidfd, pid_t *ret) {
        _cleanup_free_ char *text = NULL;
        char path[64];
        const char *p;
        int r, pid;

        (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%i", pidfd);
        r = file_read(path, PROC_FILE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? -EBADF : r;

        p = strstr(text, "\nPid:");
        if (!p || sscanf(p, "\nPid: %i", &pid) != 1)
                return -EBADF;
        if (pid == 0)
                return -EREMOTE;
        if (pid < 0)
                return -ESRCH;

        *ret = pid;
        return 0;
}

int process_pid(int pidfd, pid_t *ret) {
        PidfdInfo info = {};

        assert(ret);

        /* A tenth of what a file in /proc takes. What the kernel lacks or refuses to tell is there. */
        if (ioctl(pidfd, PIDFD_GET_INFO_, &info) < 0 || info.tgid == 0)
                return pid_from_text(pidfd, ret);

        *ret = (pid_t) info.tgid;
        return 0;
}

bool process_is_alive(int pidfd) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        /* A pidfd becomes readable when the process exits. */
        return poll(&p, 1, 0) == 0;
}

int process_signal(int pidfd, int signo) {
        return pidfd_send_signal(pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

/* Reads /proc/PID/NAME; afterwards, the number must still mean our process. */
/* A number of /proc/PID/stat, whose fields count from 1. The second is the process's name, which may contain
 * anything, also ")": the others are behind the last one. */
static int parse_stat(const char *text, unsigned field, long long *ret) {
        const char *p = strrchr(text, ')');

        for (unsigned i = 2; p && i < field; i++)
                p = strchr(p + 1, ' ');

        return p && sscanf(p, " %lld", ret) == 1 ? 0 : -EIO;
}

static int read_proc(int pidfd, const char *name, char **ret) {
        _cleanup_free_ char *text = NULL;
        char path[64];
        pid_t pid;
        int r;

        r = process_pid(pidfd, &pid);
        if (r < 0)
                return r;

        (void) snprintf(path, sizeof(path), "/proc/%i/%s", pid, name);
        r = file_read(path, PROC_FILE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        if (!process_is_alive(pidfd))
                return -ESRCH;

        *ret = TAKE_PTR(text);
        return 0;
}

static int read_mask(const char *status, const char *key, uint64_t *ret) {
        const char *p = strstr(status, key);
        unsigned long long bits;

        if (!p || sscanf(p + strlen(key), "%llx", &bits) != 1)
                return -EIO;

        *ret = bits;
        return 0;
}

int process_signals(int pidfd, ProcessSignals *ret) {
        _cleanup_free_ char *text = NULL;
        ProcessSignals signals;
        int r;

        assert(ret);

        r = read_proc(pidfd, "status", &text);
        if (r < 0)
                return r;

        /* What it calls itself is in the first line, in which the kernel leaves no line's end. */
        r = read_mask(text, "\nSigCgt:", &signals.caught);
        if (r >= 0)
                r = read_mask(text, "\nSigBlk:", &signals.blocked);
        if (r < 0)
                return r;

        *ret = signals;
        return 0;
}

int process_shutdown_signal(const ProcessSignals *signals) {
        assert(signals);

        if (signals->caught & SIGNAL_BIT(SIGRTMIN + 3))
                return SIGRTMIN + 3;
        if (signals->caught & SIGNAL_BIT(SIGPWR))
                return SIGPWR;
        if (signals->blocked & SIGNAL_BIT(SIGRTMIN + 3))
                return SIGRTMIN + 3;
        if (signals->blocked & SIGNAL_BIT(SIGPWR))
                return SIGPWR;

        return (signals->caught | signals->blocked) & SIGNAL_BIT(SIGTERM) ? SIGTERM : 0;
}

static int read_stat(int pidfd, unsigned field, long long *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_proc(pidfd, "stat", &text);
        return r < 0 ? r : parse_stat(text, field, ret);
}

int process_start_time(int pidfd, uint64_t *ret) {
        long long ticks;
        int r;

        r = read_stat(pidfd, 22, &ticks);
        if (r < 0)
                return r;

        *ret = (uint64_t) ticks;
        return 0;
}

int process_has_executed(int pidfd) {
        long long flags;
        int r;

        r = read_stat(pidfd, 9, &flags);
        return r < 0 ? r : !(flags & PF_FORKNOEXEC);
}

int process_identify(int pidfd, ProcessIdentity *ret) {
        ProcessIdentity identity = {};
        struct statfs fs;
        struct stat st;
        int r;

        assert(ret);

        if (fstatfs(pidfd, &fs) < 0 || fstat(pidfd, &st) < 0)
                return -errno;

        if (fs.f_type == PIDFS_MAGIC)
                identity.pidfd_id = st.st_ino;
        else {
                r = process_start_time(pidfd, &identity.start_time);
                if (r < 0)
                        return r;
        }

        *ret = identity;
        return 0;
}

int process_open_identified(pid_t pid, const ProcessIdentity *identity) {
        _cleanup_close_ int pidfd = -EBADF;
        ProcessIdentity now;
        int r;

        assert(identity);

        pidfd = process_open(pid);
        if (pidfd < 0)
                return pidfd;

        r = process_identify(pidfd, &now);
        if (r < 0)
                return r;
        if (now.pidfd_id != identity->pidfd_id || now.start_time != identity->start_time)
                return -ESRCH;

        return TAKE_FD(pidfd);
}

/* Field 52, of a process that waits to be reaped. */
static int status_of_zombie(int pidfd, int *ret) {
        _cleanup_free_ char *text = NULL;
        long long status;
        char path[64];
        pid_t pid;
        int r;

        r = process_pid(pidfd, &pid);
        if (r < 0)
                return r;

        (void) snprintf(path, sizeof(path), "/proc/%i/stat", pid);
        r = file_read(path, PROC_FILE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;

        /* While it is not reaped, the number is its own. */
        r = process_pid(pidfd, &pid);
        if (r < 0)
                return r;

        r = parse_stat(text, 52, &status);
        if (r < 0)
                return r;

        *ret = (int) status;
        return 0;
}

static int status_of_reaped(int pidfd, int *ret) {
        PidfdInfo info = { .mask = PIDFD_INFO_EXIT_ };

        if (ioctl(pidfd, PIDFD_GET_INFO_, &info) < 0 || !(info.mask & PIDFD_INFO_EXIT_))
                return -ESRCH;

        *ret = info.exit_code;
        return 0;
}

int process_exit_status(int pidfd, int *ret) {
        int status, r;

        assert(ret);

        if (process_is_alive(pidfd))
                return -EBUSY;

        r = status_of_zombie(pidfd, &status);
        if (r < 0) /* or was reaped just now */
                r = status_of_reaped(pidfd, &status);
        if (r < 0)
                return r;

        *ret = status;
        return 0;
}

int process_owner(int pidfd, uid_t *ret) {
        _cleanup_free_ char *text = NULL;
        const char *p;
        unsigned uid;
        int r;

        r = read_proc(pidfd, "status", &text);
        if (r < 0)
                return r;

        p = strstr(text, "\nUid:");
        if (!p || sscanf(p, "\nUid: %*u %u", &uid) != 1)
                return -EIO;

        *ret = uid;
        return 0;
}

static int has_ids_of(int pidfd, uid_t uid) {
        unsigned real, effective, saved;
        _cleanup_free_ char *text = NULL;
        const char *p;
        int r;

        r = read_proc(pidfd, "status", &text);
        if (r < 0)
                return r;

        p = strstr(text, "\nUid:");
        if (!p || sscanf(p, "\nUid: %u %u %u", &real, &effective, &saved) != 3)
                return -EIO;

        return real == uid && effective == uid && saved == uid;
}

static int is_our_user_namespace(int fd) {
        struct stat ours, theirs;

        if (stat("/proc/self/ns/user", &ours) < 0 || fstat(fd, &theirs) < 0)
                return -errno;

        return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* Who has made a user namespace may do all in it, and in those that were made in it. */
static int is_in_namespace_of(int pidfd, uid_t uid) {
        _cleanup_close_ int fd = -EBADF;

        fd = process_open_namespace(pidfd, "user");
        if (fd < 0)
                return fd;

        for (unsigned i = 0; i < USER_NAMESPACES_MAX; i++) {
                uid_t owner;
                int r, parent_fd;

                r = is_our_user_namespace(fd);
                if (r != 0)
                        return r < 0 ? r : 0;
                if (ioctl(fd, NS_GET_OWNER_UID, &owner) < 0)
                        return -errno;
                if (owner == uid)
                        return 1;

                parent_fd = ioctl(fd, NS_GET_PARENT);
                if (parent_fd < 0)
                        return errno == EPERM ? 0 : -errno; /* none of ours */

                (void) close(fd);
                fd = parent_fd;
        }

        return 0;
}

int process_is_owned_by(int pidfd, uid_t uid) {
        int r;

        r = has_ids_of(pidfd, uid);
        if (r != 0)
                return r;

        return is_in_namespace_of(pidfd, uid);
}

int process_parent(pid_t pid, pid_t *ret) {
        _cleanup_free_ char *text = NULL;
        long long parent;
        char path[64];
        int r;

        assert(ret);

        (void) snprintf(path, sizeof(path), "/proc/%i/stat", pid);
        r = file_read(path, PROC_FILE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;

        r = parse_stat(text, 4, &parent);
        if (r < 0)
                return r;

        *ret = (pid_t) parent;
        return 0;
}

int process_name(int pidfd, char **ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_proc(pidfd, "comm", &text);
        if (r < 0)
                return r;

        text[strcspn(text, "\n")] = 0;
        *ret = text_strip_control(TAKE_PTR(text));
        return 0;
}

/* Opens /proc/PID/NAME, of which the number must still mean our process. */
static int open_proc(int pidfd, const char *name, int flags) {
        _cleanup_close_ int fd = -EBADF;
        char path[64];
        pid_t pid;
        int r;

        r = process_pid(pidfd, &pid);
        if (r < 0)
                return r;

        (void) snprintf(path, sizeof(path), "/proc/%i/%s", pid, name);
        fd = open(path, flags | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        if (!process_is_alive(pidfd))
                return -ESRCH;

        return TAKE_FD(fd);
}

int process_open_root(int pidfd) {
        return open_proc(pidfd, "root", O_PATH | O_DIRECTORY);
}

/* Two that are asked for again and again have a way of their own. */
static int open_namespace_quickly(int pidfd, const char *type) {
        if (streq(type, "net"))
                return ioctl(pidfd, PIDFD_GET_NET_NAMESPACE_, 0);
        if (streq(type, "user"))
                return ioctl(pidfd, PIDFD_GET_USER_NAMESPACE_, 0);

        return -1;
}

int process_open_namespace(int pidfd, const char *type) {
        char name[32];
        int fd;

        assert(type);

        fd = open_namespace_quickly(pidfd, type);
        if (fd >= 0)
                return fd;

        (void) snprintf(name, sizeof(name), "ns/%s", type);
        return open_proc(pidfd, name, O_RDONLY);
}

int process_shares_namespace(int pidfd, const char *type) {
        _cleanup_close_ int fd = -EBADF;
        struct stat ours, theirs;
        char path[64];

        fd = process_open_namespace(pidfd, type);
        if (fd < 0)
                return fd;

        (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", type);
        if (stat(path, &ours) < 0 || fstat(fd, &theirs) < 0)
                return -errno;

        return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

int process_read(int pidfd, const char *name, char **ret) {
        assert(name);
        assert(ret);

        return read_proc(pidfd, name, ret);
}
