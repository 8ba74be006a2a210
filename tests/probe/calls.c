/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* System calls, to see how they are answered. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/probe/probe.h"

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

const Command calls_commands[] = {
        { "call", 1, do_call },
        { "call-number", 2, do_call_number },
        {}
};
