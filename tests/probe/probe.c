/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A payload that tells what it finds inside: statically linked, so that a root
 * directory for a test is this one file. Several commands may be given in a row,
 * with "," between them. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

extern char **environ;

static int fail(const char *what) {
        printf("%s: %s\n", what, strerrorname_np(errno));
        return 1;
}

static int number(const char *s) {
        return (int) strtol(s, NULL, 10);
}

static long number_long(const char *s) {
        return strtol(s, NULL, 10);
}

static int cat(const char *path) {
        char buffer[4096];
        ssize_t n;
        int fd;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return fail(path);

        (void) fflush(stdout);
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                if (write(STDOUT_FILENO, buffer, (size_t) n) < 0)
                        break;

        (void) close(fd);
        return n < 0 ? fail(path) : 0;
}

static int do_cat(char **args) {
        return cat(args[0]);
}

static int do_caps(char **args) {
        char line[256];
        FILE *f;

        (void) args;

        f = fopen("/proc/self/status", "re");
        if (!f)
                return fail("/proc/self/status");

        while (fgets(line, sizeof(line), f))
                if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 ||
                    strncmp(line, "Seccomp:", 8) == 0)
                        (void) fputs(line, stdout);

        (void) fclose(f);
        return 0;
}

static int do_mounts(char **args) {
        (void) args;
        return cat("/proc/self/mountinfo");
}

static int do_fds(char **args) {
        char link[64], target[PATH_MAX];
        ssize_t n;

        (void) args;

        for (int fd = 0; fd < 1024; fd++) {
                (void) snprintf(link, sizeof(link), "/proc/self/fd/%i", fd);
                n = readlink(link, target, sizeof(target) - 1);
                if (n >= 0)
                        printf("%i %.*s\n", fd, (int) n, target);
        }

        return 0;
}

static int do_env(char **args) {
        (void) args;

        for (char **e = environ; *e; e++)
                (void) puts(*e);

        return 0;
}

static int do_ns(char **args) {
        static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "user", "uts" };

        (void) args;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char path[64], target[PATH_MAX];
                ssize_t n;

                (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
                n = readlink(path, target, sizeof(target) - 1);
                if (n < 0)
                        return fail(path);

                printf("%s %.*s\n", names[i], (int) n, target);
        }

        return 0;
}

static int do_who(char **args) {
        char directory[PATH_MAX];
        struct utsname u;

        (void) args;

        if (uname(&u) < 0 || !getcwd(directory, sizeof(directory)))
                return fail("who");

        printf("pid %i\nsid %i\n", (int) getpid(), (int) getsid(0));
        printf("uid %u\ngid %u\ngroups %i\n", geteuid(), getegid(), getgroups(0, NULL));
        printf("host %s\ncwd %s\n", u.nodename, directory);
        return 0;
}

static int do_stat(char **args) {
        struct stat st;

        if (lstat(args[0], &st) < 0)
                return fail(args[0]);

        printf("%s %06o %u:%u\n", args[0], st.st_mode, major(st.st_rdev), minor(st.st_rdev));
        return 0;
}

static int do_owner(char **args) {
        struct stat st;

        if (lstat(args[0], &st) < 0)
                return fail(args[0]);

        printf("%s %u:%u\n", args[0], st.st_uid, st.st_gid);
        return 0;
}

static int do_readlink(char **args) {
        char target[PATH_MAX];
        ssize_t n;

        n = readlink(args[0], target, sizeof(target) - 1);
        if (n < 0)
                return fail(args[0]);

        printf("%s -> %.*s\n", args[0], (int) n, target);
        return 0;
}

static int do_list(char **args) {
        struct dirent *e;
        DIR *d;

        d = opendir(args[0]);
        if (!d)
                return fail(args[0]);

        while ((e = readdir(d)))
                if (e->d_name[0] != '.')
                        (void) puts(e->d_name);

        (void) closedir(d);
        return 0;
}

/* Writes a word to a file that is there. */
static int do_write(char **args) {
        int fd;

        fd = open(args[0], O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return fail(args[0]);
        if (write(fd, args[1], strlen(args[1])) < 0)
                return fail(args[0]);

        (void) close(fd);
        printf("%s: written\n", args[0]);
        return 0;
}

static int do_create(char **args) {
        int fd;

        fd = open(args[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0)
                return fail(args[0]);

        (void) close(fd);
        printf("%s: created\n", args[0]);
        return 0;
}

static int do_chown(char **args) {
        unsigned id = (unsigned) number(args[1]);

        if (lchown(args[0], id, id) < 0)
                return fail(args[0]);

        printf("%s: given away\n", args[0]);
        return 0;
}

/* What a guest may try to get at what lies below a mount, or may not be written to. */
static int do_remount(char **args) {
        if (mount(NULL, args[0], NULL, MS_REMOUNT | MS_BIND, NULL) < 0)
                return fail(args[0]);

        printf("%s: writable\n", args[0]);
        return 0;
}

static int do_umount(char **args) {
        if (umount2(args[0], MNT_DETACH) < 0)
                return fail(args[0]);

        printf("%s: unmounted\n", args[0]);
        return 0;
}

static int make_node(char **args, mode_t type) {
        dev_t device = makedev((unsigned) number(args[1]), (unsigned) number(args[2]));

        if (mknod(args[0], type | 0600, device) < 0)
                return fail(args[0]);

        printf("%s: made\n", args[0]);
        return 0;
}

static int do_mknod(char **args) {
        return make_node(args, S_IFCHR);
}

static int do_mknod_block(char **args) {
        return make_node(args, S_IFBLK);
}

/* A device, or whatever it is: whether it opens for reading and writing. */
static int do_open(char **args) {
        int fd;

        fd = open(args[0], O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return fail(args[0]);

        (void) close(fd);
        printf("%s: open\n", args[0]);
        return 0;
}

static int do_tty(char **args) {
        int fd;

        (void) args;

        printf("stdin %s\n", isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : "is no terminal");

        fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return fail("/dev/tty");

        (void) close(fd);
        (void) puts("controlling terminal");
        return 0;
}

static int do_size(char **args) {
        struct winsize size;

        (void) args;

        if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
                return fail("size");

        printf("%u rows %u columns\n", size.ws_row, size.ws_col);
        return 0;
}

static int do_limits(char **args) {
        (void) args;
        return cat("/proc/self/limits");
}

static int notify_open(struct sockaddr_un *address) {
        const char *path = getenv("NOTIFY_SOCKET");

        if (!path) {
                errno = ENXIO;
                return -1;
        }

        *address = (struct sockaddr_un) { .sun_family = AF_UNIX };
        (void) snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
        return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int notify(const void *data, size_t size, int pass_fd) {
        union {
                struct cmsghdr header;
                char buffer[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct sockaddr_un address;
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr header = {
                .msg_name = &address,
                .msg_namelen = sizeof(address),
                .msg_iov = &iov,
                .msg_iovlen = 1,
        };
        int fd, r = 0;

        fd = notify_open(&address);
        if (fd < 0)
                return fail("notify");

        if (pass_fd >= 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(&control.header), &pass_fd, sizeof(int));
                header.msg_control = &control;
                header.msg_controllen = sizeof(control.buffer);
        }

        if (sendmsg(fd, &header, 0) < 0)
                r = fail("notify");

        (void) close(fd);
        return r;
}

static int do_notify(char **args) {
        return notify(args[0], strlen(args[0]), -1);
}

/* All that a supervisor must survive. */
static int do_notify_junk(char **args) {
        static char large[64 * 1024];
        int r;

        (void) args;

        memset(large, 'A', sizeof(large));
        memcpy(large, "READY=1\n", 8);

        r = notify("", 0, -1);
        if (r == 0)
                r = notify("\0READY=1\n", 9, -1);
        if (r == 0)
                r = notify("=\n==\nREADY\nREADY=\nREADY=2\n\n\n", 29, -1);
        if (r == 0)
                r = notify("STATUS=\033[2Jevil\377", 16, -1);
        if (r == 0)
                r = notify(large, sizeof(large), -1);
        for (unsigned i = 0; i < 64 && r == 0; i++)
                r = notify("FDSTORE=1", 9, STDOUT_FILENO);

        return r;
}

/* Sends from a process that is not PID 1. */
static int do_notify_child(char **args) {
        int status;
        pid_t pid;

        (void) fflush(stdout);
        pid = fork();
        if (pid < 0)
                return fail("fork");
        if (pid == 0)
                _exit(notify(args[0], strlen(args[0]), -1));
        if (waitpid(pid, &status, 0) < 0)
                return fail("waitpid");

        return status;
}

static volatile sig_atomic_t caught = 0;

static void on_signal(int signo) {
        caught = signo;
}

/* Waits for any signal that can be caught, and tells which; says before that it
 * is ready, if asked to. */
static int wait_signal(bool say_ready) {
        sigset_t all, before;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, &before);
        for (int signo = 1; signo < NSIG; signo++)
                (void) signal(signo, on_signal);

        (void) puts("waiting");
        (void) fflush(stdout);
        if (say_ready && notify("READY=1", 7, -1) != 0)
                return 1;

        (void) sigemptyset(&before);
        while (!caught)
                (void) sigsuspend(&before);

        printf("signal %i\n", (int) caught);
        return 0;
}

static int do_kill_self(char **args) {
        return kill(getpid(), number(args[0])) < 0 ? fail("kill") : 0;
}

static int do_machine(char **args) {
        struct utsname u;

        (void) args;

        if (uname(&u) < 0)
                return fail("uname");

        (void) puts(u.machine);
        return 0;
}

/* Leaves a process to PID 1, and tells when that has taken it away for good. */
static int do_orphan(char **args) {
        int fds[2], inherited[2];
        pid_t pid, orphan = 0;
        char c;

        (void) args;

        if (pipe2(fds, O_CLOEXEC) < 0 || pipe2(inherited, O_CLOEXEC) < 0)
                return fail("pipe");

        pid = fork();
        if (pid == 0) {
                pid = fork();
                if (pid == 0) { /* outlives its parent */
                        (void) close(inherited[1]);
                        (void) !read(inherited[0], &c, 1);
                        _exit(0);
                }
                (void) !write(fds[1], &pid, sizeof(pid));
                _exit(0);
        }

        (void) waitpid(pid, NULL, 0);
        (void) !read(fds[0], &orphan, sizeof(orphan));
        (void) close(inherited[1]);
        while (kill(orphan, 0) == 0)
                (void) sched_yield();

        (void) puts("gone");
        return 0;
}

static int do_wait(char **args) {
        (void) args;
        return wait_signal(false);
}

static int do_wait_ready(char **args) {
        (void) args;
        return wait_signal(true);
}

/* Waits for something to come in. */
static int do_input(char **args) {
        char c;

        (void) args;

        (void) puts("listening");
        (void) fflush(stdout);
        return read(STDIN_FILENO, &c, 1) == 1 ? 0 : fail("input");
}

/* Ends by nothing but SIGKILL. */
static int do_deaf(char **args) {
        sigset_t all;

        (void) args;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, NULL);
        (void) puts("waiting");
        (void) fflush(stdout);
        while (pause() < 0)
                ;

        return 0;
}

/* Each with arguments that do no harm where it is allowed. */
static const struct {
        const char *name;
        long number, arguments[5];
} call_table[] = {
        { "add_key", SYS_add_key, {} },
        { "audit-socket", SYS_socket, { AF_NETLINK, SOCK_RAW, 9 } },
        { "bpf", SYS_bpf, { -1 } },
        { "clock_settime", SYS_clock_settime, { -1 } },
        { "clone3", SYS_clone3, {} },
        { "delete_module", SYS_delete_module, {} },
        { "fanotify_init", SYS_fanotify_init, { -1 } },
        { "getpid", SYS_getpid, {} },
        { "init_module", SYS_init_module, {} },
        { "io_uring_setup", SYS_io_uring_setup, {} },
        { "iopl", SYS_iopl, { 4 } },
        { "kexec_file_load", SYS_kexec_file_load, { -1, -1, 0, 0, -1 } },
        { "kexec_load", SYS_kexec_load, { 0, 0, 0, -1 } },
        { "keyctl", SYS_keyctl, { 0, -3 } },
        { "modify_ldt", SYS_modify_ldt, { -1 } },
        { "mount", SYS_mount, {} },
        { "name_to_handle_at", SYS_name_to_handle_at, { -1 } },
        { "open_by_handle_at", SYS_open_by_handle_at, { -1 } },
        { "perf_event_open", SYS_perf_event_open, {} },
        { "pivot_root", SYS_pivot_root, {} },
        { "ptrace", SYS_ptrace, { -1 } },
        { "quotactl", SYS_quotactl, { -1 } },
        { "reboot", SYS_reboot, {} },
        { "route-socket", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
        { "seccomp", SYS_seccomp, { -1 } },
        { "fsync", SYS_fsync, { -1 } },
        { "sync", SYS_sync, {} },
        { "settimeofday", SYS_settimeofday, { -1, 0 } },
        { "sethostname", SYS_sethostname, { -1, -1 } },
        { "swapon", SYS_swapon, {} },
        { "syslog", SYS_syslog, { -1 } },
        { "tioclinux", SYS_ioctl, { 0, TIOCLINUX, 0 } },
        { "tiocsti", SYS_ioctl, { 0, TIOCSTI, 0 } },
        { "tiocsti-high", SYS_ioctl, { 0, (1L << 32) | TIOCSTI, 0 } },
        { "uname", SYS_uname, {} },
        { "unix-socket", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
        { "unknown", 1023, {} },
        { "userfaultfd", SYS_userfaultfd, { -1 } },
};

static long call(long number, const long *a) {
        return syscall(number, a[0], a[1], a[2], a[3], a[4]);
}

static int do_call(char **args) {
        long r;

        for (size_t i = 0; i < ELEMENTSOF(call_table); i++) {
                if (strcmp(call_table[i].name, args[0]) != 0)
                        continue;

                r = call(call_table[i].number, call_table[i].arguments);
                printf("%s %s\n", args[0], r < 0 ? strerrorname_np(errno) : "ok");
                return 0;
        }

        errno = ENOKEY;
        return fail(args[0]);
}

/* By number, with no arguments: as 32-bit programs do, and as those of x32. */
static int do_call_number(char **args) {
        long number = number_long(args[1]), r = -ENOSYS;

        if (strcmp(args[0], "native") == 0)
                r = syscall(number, 0, 0, 0, 0, 0) < 0 ? -errno : 0;
#ifdef __x86_64__
        if (strcmp(args[0], "x32") == 0)
                r = syscall(number | 0x40000000, 0, 0, 0, 0, 0) < 0 ? -errno : 0;
        if (strcmp(args[0], "i386") == 0)
                __asm__ volatile("int $0x80"
                                 : "=a"(r)
                                 : "a"(number), "b"(0), "c"(0), "d"(0)
                                 : "memory", "r8", "r9", "r10", "r11");
#endif
        printf("%s %s %s\n", args[0], args[1], r < 0 ? strerrorname_np((int) -r) : "ok");
        return 0;
}

static int do_survive(char **args) {
        (void) args;

        if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
                return fail("prctl");

        return 0;
}

static int do_reboot(char **args) {
        (void) args;
        (void) fflush(stdout);
        return reboot(RB_AUTOBOOT) < 0 ? fail("reboot") : 0;
}

static int do_poweroff(char **args) {
        (void) args;
        (void) fflush(stdout);
        return reboot(RB_POWER_OFF) < 0 ? fail("poweroff") : 0;
}

static int do_exit(char **args) {
        (void) fflush(stdout);
        exit(number(args[0]));
}

/* Only the first time: what a machine that reboots goes on with. */
static int do_once(char **args) {
        int fd;

        fd = open(args[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0)
                exit(0);

        (void) close(fd);
        return 0;
}

static const struct {
        const char *name;
        int n_args;
        int (*run)(char **args);
} command_table[] = {
        { "call", 1, do_call },
        { "call-number", 2, do_call_number },
        { "caps", 0, do_caps },
        { "cat", 1, do_cat },
        { "chown", 2, do_chown },
        { "create", 1, do_create },
        { "deaf", 0, do_deaf },
        { "env", 0, do_env },
        { "exit", 1, do_exit },
        { "fds", 0, do_fds },
        { "input", 0, do_input },
        { "kill-self", 1, do_kill_self },
        { "limits", 0, do_limits },
        { "list", 1, do_list },
        { "machine", 0, do_machine },
        { "mknod", 3, do_mknod },
        { "mknod-block", 3, do_mknod_block },
        { "mounts", 0, do_mounts },
        { "notify", 1, do_notify },
        { "notify-child", 1, do_notify_child },
        { "notify-junk", 0, do_notify_junk },
        { "ns", 0, do_ns },
        { "once", 1, do_once },
        { "open", 1, do_open },
        { "owner", 1, do_owner },
        { "orphan", 0, do_orphan },
        { "poweroff", 0, do_poweroff },
        { "readlink", 1, do_readlink },
        { "reboot", 0, do_reboot },
        { "remount", 1, do_remount },
        { "size", 0, do_size },
        { "stat", 1, do_stat },
        { "survive", 0, do_survive },
        { "tty", 0, do_tty },
        { "umount", 1, do_umount },
        { "wait", 0, do_wait },
        { "wait-ready", 0, do_wait_ready },
        { "who", 0, do_who },
        { "write", 2, do_write },
};

/* Returns the number of arguments taken, or -1. */
static int run_command(char **args, int n, int *status) {
        for (size_t i = 0; i < ELEMENTSOF(command_table); i++) {
                if (strcmp(command_table[i].name, args[0]) != 0)
                        continue;
                if (n - 1 < command_table[i].n_args)
                        return -1;

                *status |= command_table[i].run(args + 1);
                (void) fflush(stdout);
                return 1 + command_table[i].n_args;
        }

        return -1;
}

int main(int argc, char *argv[]) {
        int status = 0;

        for (int i = 1; i < argc;) {
                int n;

                if (strcmp(argv[i], ",") == 0) {
                        i++;
                        continue;
                }

                n = run_command(argv + i, argc - i, &status);
                if (n < 0) {
                        (void) fprintf(stderr, "probe: cannot do '%s'\n", argv[i]);
                        return 2;
                }

                i += n;
        }

        return status;
}
