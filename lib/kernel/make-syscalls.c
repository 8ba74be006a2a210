/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes the table of lib/kernel/syscalls.h: names, numbers and groups of all system
 * calls of an architecture, and of the one that its kernel runs programs of as well.
 * Run while building; the numbers are libseccomp's.
 *
 * usage: make-syscalls CPU-FAMILY */

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

/* Beyond the last number that any architecture uses. */
#define NUMBER_MAX 1024
#define CALLS_MAX 1024

static const struct {
        const char *family;             /* as meson has it */
        uint32_t architectures[2];      /* the second may be 0 */
        const char *constants[2];       /* of linux/audit.h */
} family_table[] = {
        { "x86_64", { SCMP_ARCH_X86_64, SCMP_ARCH_X86 }, { "AUDIT_ARCH_X86_64", "AUDIT_ARCH_I386" } },
        { "aarch64", { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM }, { "AUDIT_ARCH_AARCH64", "AUDIT_ARCH_ARM" } },
        { "x86", { SCMP_ARCH_X86, 0 }, { "AUDIT_ARCH_I386", "0" } },
        { "arm", { SCMP_ARCH_ARM, 0 }, { "AUDIT_ARCH_ARM", "0" } },
        { "riscv64", { SCMP_ARCH_RISCV64, 0 }, { "AUDIT_ARCH_RISCV64", "0" } },
};

/* What is younger than some libseccomp. Since Linux 5.1 a new call has the same
 * number on all of these architectures. */
static const struct {
        const char *name;
        int number;
} young_table[] = {
        { "cachestat", 451 },
        { "fchmodat2", 452 },
        { "map_shadow_stack", 453 },
        { "futex_wake", 454 },
        { "futex_wait", 455 },
        { "futex_requeue", 456 },
        { "statmount", 457 },
        { "listmount", 458 },
        { "lsm_get_self_attr", 459 },
        { "lsm_set_self_attr", 460 },
        { "lsm_list_modules", 461 },
        { "mseal", 462 },
        { "setxattrat", 463 },
        { "getxattrat", 464 },
        { "listxattrat", 465 },
        { "removexattrat", 466 },
        { "open_tree_attr", 467 },
        { "file_getattr", 468 },
        { "file_setattr", 469 },
};

/* The groups of systemd.exec(5), as systemd 262 has them. A group may name others. */
static const struct {
        const char *name, *members;
} group_table[] = {
        { "@aio",
          "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit "
          "io_uring_enter io_uring_register io_uring_setup" },
        { "@basic-io",
          "_llseek close close_range dup dup2 dup3 llseek lseek pread64 preadv preadv2 pwrite64 "
          "pwritev pwritev2 read readv write writev" },
        { "@chown",
          "chown chown32 fchown fchown32 fchownat lchown lchown32" },
        { "@clock",
          "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday" },
        { "@cpu-emulation",
          "modify_ldt subpage_prot switch_endian vm86 vm86old" },
        { "@debug",
          "lookup_dcookie perf_event_open pidfd_getfd ptrace rtas s390_runtime_instr "
          "sys_debug_setcontext" },
        { "@default",
          "@sandbox arch_prctl brk cacheflush clock_getres clock_getres_time64 clock_gettime "
          "clock_gettime64 clock_nanosleep clock_nanosleep_time64 execve exit exit_group futex "
          "futex_time64 futex_waitv get_robust_list get_thread_area getegid getegid32 geteuid "
          "geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid getrandom "
          "getresgid getresgid32 getresuid getresuid32 getrlimit getsid gettid gettimeofday getuid "
          "getuid32 lsm_get_self_attr lsm_list_modules membarrier mmap mmap2 mprotect mseal munmap "
          "nanosleep pause prlimit64 restart_syscall riscv_flush_icache riscv_hwprobe rseq "
          "rt_sigreturn sched_getaffinity sched_yield set_robust_list set_thread_area "
          "set_tid_address set_tls sigreturn time ugetrlimit uretprobe" },
        { "@file-system",
          "access chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod fchmodat "
          "fchmodat2 fcntl fcntl64 fgetxattr file_getattr file_setattr flistxattr fremovexattr "
          "fsetxattr fstat fstat64 fstatat fstatat64 fstatfs fstatfs64 ftruncate ftruncate64 "
          "futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init "
          "inotify_init1 inotify_rm_watch lgetxattr link linkat listmount listxattr listxattrat "
          "llistxattr lremovexattr lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat newfstat "
          "newfstatat oldfstat oldlstat oldstat open open_tree openat openat2 readlink readlinkat "
          "removexattr removexattrat rename renameat renameat2 rmdir setxattr setxattrat stat "
          "stat64 statfs statfs64 statmount statx symlink symlinkat truncate truncate64 unlink "
          "unlinkat utime utimensat utimensat_time64 utimes" },
        { "@io-event",
          "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
          "epoll_wait epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 pselect6 "
          "pselect6_time64 select" },
        { "@ipc",
          "ipc memfd_create mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
          "mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 "
          "process_madvise process_vm_readv process_vm_writev semctl semget semop semtimedop "
          "semtimedop_time64 shmat shmctl shmdt shmget" },
        { "@keyring",
          "add_key keyctl request_key" },
        { "@memlock",
          "mlock mlock2 mlockall munlock munlockall" },
        { "@module",
          "delete_module finit_module init_module" },
        { "@mount",
          "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree_attr "
          "pivot_root umount umount2" },
        { "@network-io",
          "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom "
          "recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket "
          "socketcall socketpair" },
        { "@obsolete",
          "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle "
          "lock mpx prof profil putpmsg query_module security sgetmask ssetmask stime stty sysfs "
          "tuxcall ulimit uselib ustat vserver" },
        { "@pkey",
          "pkey_alloc pkey_free pkey_mprotect" },
        { "@privileged",
          "@chown @clock @module @raw-io @reboot @swap _sysctl acct bpf capset chroot fanotify_init "
          "fanotify_mark nfsservctl open_by_handle_at pivot_root quotactl quotactl_fd setdomainname "
          "setfsuid setfsuid32 setgroups setgroups32 sethostname setresuid setresuid32 setreuid "
          "setreuid32 setuid setuid32 vhangup" },
        { "@process",
          "capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal prctl "
          "rt_sigqueueinfo rt_tgsigqueueinfo setns swapcontext tgkill times tkill unshare vfork "
          "wait4 waitid waitpid" },
        { "@raw-io",
          "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read "
          "s390_pci_mmio_write" },
        { "@reboot",
          "kexec_file_load kexec_load reboot" },
        { "@resources",
          "ioprio_set mbind migrate_pages move_pages nice sched_setaffinity sched_setattr "
          "sched_setparam sched_setscheduler set_mempolicy set_mempolicy_home_node setpriority "
          "setrlimit" },
        { "@sandbox",
          "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp" },
        { "@setuid",
          "setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 "
          "setresuid setresuid32 setreuid setreuid32 setuid setuid32" },
        { "@signal",
          "rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait "
          "rt_sigtimedwait_time64 sigaction sigaltstack signal signalfd signalfd4 sigpending "
          "sigprocmask sigsuspend" },
        { "@swap",
          "swapoff swapon" },
        { "@sync",
          "fdatasync fsync msync sync sync_file_range sync_file_range2 syncfs" },
        { "@system-service",
          "@aio @basic-io @chown @default @file-system @io-event @ipc @keyring @memlock @network-io "
          "@process @resources @setuid @signal @sync @timer arm_fadvise64_64 capget capset "
          "copy_file_range fadvise64 fadvise64_64 flock get_mempolicy getcpu getpriority ioctl "
          "ioprio_get kcmp madvise mremap name_to_handle_at oldolduname olduname personality "
          "readahead readdir remap_file_pages sched_get_priority_max sched_get_priority_min "
          "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
          "sched_rr_get_interval_time64 sched_yield sendfile sendfile64 setfsgid setfsgid32 "
          "setfsuid setfsuid32 setpgid setsid splice sysinfo tee umask uname userfaultfd vmsplice" },
        { "@timer",
          "alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime "
          "timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
          "timerfd_gettime64 timerfd_settime timerfd_settime64 times" },
};

typedef struct Call {
        char *name;
        int numbers[2];
        uint32_t groups;
} Call;

static Call calls[CALLS_MAX];
static size_t n_calls = 0;

static Call *get_call(const char *name) {
        for (size_t i = 0; i < n_calls; i++)
                if (strcmp(calls[i].name, name) == 0)
                        return &calls[i];

        if (n_calls >= CALLS_MAX)
                return NULL;

        calls[n_calls] = (Call) { .name = strdup(name), .numbers = { -1, -1 } };
        return calls[n_calls].name ? &calls[n_calls++] : NULL;
}

static bool add(const char *name, size_t architecture, int number) {
        Call *call = get_call(name);

        if (!call)
                return false;

        call->numbers[architecture] = number;
        return true;
}

/* By number, not by name: what i386 has twice, alone and behind one number that
 * stands for several, is wanted alone. */
static bool collect(size_t architecture, uint32_t token) {
        bool ok = true;

        for (int number = 0; ok && number < NUMBER_MAX; number++) {
                char *name = seccomp_syscall_resolve_num_arch(token, number);

                if (name)
                        ok = add(name, architecture, number);
                free(name);
        }

        for (size_t i = 0; ok && i < ELEMENTSOF(young_table); i++)
                ok = add(young_table[i].name, architecture, young_table[i].number);

        return ok;
}

static bool is_member(const char *group, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(group_table); i++) {
                const char *p = group_table[i].members;

                if (strcmp(group_table[i].name, group) != 0)
                        continue;

                while (*p) {
                        size_t n = strcspn(p, " ");
                        char word[64];

                        (void) snprintf(word, sizeof(word), "%.*s", (int) n, p);
                        if (strcmp(word, name) == 0 || (*word == '@' && is_member(word, name)))
                                return true;

                        p += n + strspn(p + n, " ");
                }
        }

        return false;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const Call *) a)->name, ((const Call *) b)->name);
}

static void print(const char *const constants[2]) {
        (void) printf("#include <linux/audit.h>\n\n#include \"lib/kernel/syscalls.h\"\n\n"
                      "const uint32_t syscall_architectures[SYSCALL_ARCHITECTURES] = { %s, %s };\n\n"
                      "const char *const syscall_groups[] = {\n", constants[0], constants[1]);
        for (size_t i = 0; i < ELEMENTSOF(group_table); i++)
                (void) printf("        \"%s\",\n", group_table[i].name);

        (void) printf("};\n\nconst size_t n_syscall_groups = %zu;\n\nconst Syscall syscall_table[] = {\n",
                      ELEMENTSOF(group_table));
        for (size_t i = 0; i < n_calls; i++)
                (void) printf("        { \"%s\", { %i, %i }, 0x%08x },\n", calls[i].name,
                              calls[i].numbers[0], calls[i].numbers[1], calls[i].groups);

        (void) printf("};\n\nconst size_t n_syscalls = %zu;\n", n_calls);
}

int main(int argc, char *argv[]) {
        size_t family = 0;

        _Static_assert(ELEMENTSOF(group_table) <= 32, "a group is a bit");

        while (family < ELEMENTSOF(family_table) &&
               (argc != 2 || strcmp(family_table[family].family, argv[1]) != 0))
                family++;
        if (family >= ELEMENTSOF(family_table)) {
                (void) fprintf(stderr, "make-syscalls: an architecture that it does not know\n");
                return EXIT_FAILURE;
        }

        for (size_t i = 0; i < 2; i++)
                if (family_table[family].architectures[i] != 0 &&
                    !collect(i, family_table[family].architectures[i])) {
                        (void) fprintf(stderr, "make-syscalls: too many system calls\n");
                        return EXIT_FAILURE;
                }

        for (size_t i = 0; i < n_calls; i++)
                for (size_t group = 0; group < ELEMENTSOF(group_table); group++)
                        if (is_member(group_table[group].name, calls[i].name))
                                calls[i].groups |= UINT32_C(1) << group;

        qsort(calls, n_calls, sizeof(Call), compare);
        print(family_table[family].constants);
        return EXIT_SUCCESS;
}
