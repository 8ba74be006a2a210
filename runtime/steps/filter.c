/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the guest may ask of the kernel: what systemd-nspawn's guests may. All else
 * is answered as by a kernel that does not have it. The filter is made before there
 * is a leader, and loaded when it has nothing left to do but to become the payload. */

#include <linux/netlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/base/text.h"
#include "lib/kernel/kept-filter.h"
#include "lib/kernel/privileges.h"
#include "lib/kernel/syscall-filter.h"
#include "lib/spec/address-family.h"
#include "lib/spec/capability.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* Groups, and what is in none of them. Not here, for they concern the whole host:
 * fanotify, kexec, quotas, swap, performance counters, handles of files instead of
 * their names. Keys belong to users, and are for machines that have their own. */
static const char *const allowed_table[] = {
        "@aio", "@basic-io", "@chown", "@default", "@file-system", "@io-event", "@ipc", "@mount",
        "@network-io", "@process", "@resources", "@setuid", "@signal", "@sync", "@timer",

        /* Memory and processors */
        "cachestat", "get_mempolicy", "getcpu", "getpriority", "ioprio_get", "madvise", "mincore",
        "mprotect", "mremap", "remap_file_pages", "userfaultfd", "sched_get_priority_max",
        "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
        "sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64", "sched_yield",

        /* Files */
        "arm_fadvise64_64", "arm_sync_file_range", "copy_file_range", "fadvise64", "fadvise64_64",
        "flock", "ioctl", "name_to_handle_at", "readahead", "readdir", "sendfile", "sendfile64",
        "splice", "tee", "umask", "vmsplice",

        /* Processes, and what they are told of the system */
        "capget", "capset", "getrandom", "kcmp", "oldolduname", "olduname", "personality", "seccomp",
        "setdomainname", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "sethostname", "setpgid",
        "setsid", "sysinfo", "uname",
};

/* What makes no sense without a capability. */
static const struct {
        unsigned capability;
        const char *name;
} capable_table[] = {
        { CAP_SYS_TIME, "@clock" },
        { CAP_SYS_MODULE, "@module" },
        { CAP_SYS_RAWIO, "@raw-io" },
        { CAP_IPC_LOCK, "@memlock" },
        { CAP_SYS_PACCT, "acct" },
        { CAP_SYS_PTRACE, "process_vm_readv" },
        { CAP_SYS_PTRACE, "process_vm_writev" },
        { CAP_SYS_PTRACE, "ptrace" },
        { CAP_SYS_BOOT, "reboot" },
        { CAP_SYSLOG, "syslog" },
        { CAP_SYS_TTY_CONFIG, "vhangup" },
        { CAP_BPF, "bpf" },
};

static const SyscallException exception_table[] = {
        /* The kernel's audit is not for guests; this is how one is told that there is none. */
        { "socket", EAFNOSUPPORT, 2, { { 0, AF_NETLINK }, { 2, NETLINK_AUDIT } } },
        /* Typing for others: with --pipe a terminal of the host may be open inside. */
        { "ioctl", EPERM, 1, { { 1, TIOCSTI } } },
        { "ioctl", EPERM, 1, { { 1, TIOCLINUX } } },
};

/* Root inside is nobody who has any outside. */
static bool has_own_keys(const Run *run) {
        return run_has_users(run) && run->range && run->range->base != 0;
}

static void set_defaults(const Run *run, SyscallFilter *filter) {
        uint64_t capabilities = run_bounding(run);

        /* What this build's libseccomp has never heard of remains unknown. */
        for (size_t i = 0; i < ELEMENTSOF(allowed_table); i++)
                (void) syscall_filter_set(filter, allowed_table[i], SYSCALL_ALLOWED);

        if (has_own_keys(run))
                (void) syscall_filter_set(filter, "@keyring", SYSCALL_ALLOWED);

        for (size_t i = 0; i < ELEMENTSOF(capable_table); i++)
                if (capabilities & CAPABILITY_BIT(capable_table[i].capability))
                        (void) syscall_filter_set(filter, capable_table[i].name, SYSCALL_ALLOWED);
}

static int set_all(Run *run, SyscallFilter *filter, char *const *names, SyscallAnswer answer) {
        int r;

        for (; names && *names; names++) {
                run_set_object(run, "%s", *names);
                r = syscall_filter_set(filter, *names, answer);
                if (r < 0)
                        return -EINVAL; /* not ignored: it may be a slip, and mean another one */
        }

        return 0;
}

/* Done at once, and well, as they say. */
static const SyscallException no_sync_table[] = {
        { .name = "sync" },
        { .name = "syncfs" },
        { .name = "fsync" },
        { .name = "fdatasync" },
        { .name = "msync" },
        { .name = "sync_file_range" },
        { .name = "sync_file_range2" },
        { .name = "arm_sync_file_range" },
};

#define EXCEPTIONS_MAX (ELEMENTSOF(exception_table) + ELEMENTSOF(no_sync_table) + ADDRESS_FAMILIES)

static int compile(Run *run, const SyscallFilter *filter) {
        SyscallException exceptions[EXCEPTIONS_MAX];
        uint64_t refused = spec_refused_families(run->spec);
        size_t n = ELEMENTSOF(exception_table);

        memcpy(exceptions, exception_table, sizeof(exception_table));
        if (run->spec->suppress_sync) {
                memcpy(exceptions + n, no_sync_table, sizeof(no_sync_table));
                n += ELEMENTSOF(no_sync_table);
        }

        for (unsigned family = 0; family < ADDRESS_FAMILIES; family++)
                if (refused & ADDRESS_FAMILY_BIT(family))
                        exceptions[n++] = (SyscallException) {
                                "socket", EAFNOSUPPORT, 1, { { 0, family } },
                        };

        return syscall_filter_compile(filter, exceptions, n, &run->filter);
}

/* Than what a build without filters can do without. */
static bool wants_more(const Spec *spec) {
        return spec->allow_syscalls || spec->deny_syscalls || spec->suppress_sync ||
               spec_refused_families(spec) != 0;
}

/* Ways to make sockets that no filter can look into. */
static void forget_other_sockets(SyscallFilter *filter) {
        static const char *const names[] = { "socketcall", "io_uring_setup", "io_uring_enter",
                                             "io_uring_register" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) syscall_filter_set(filter, names[i], SYSCALL_UNKNOWN);
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_(syscall_filter_freep) SyscallFilter *filter = NULL;
        int r;

        r = syscall_filter_new(&filter);
        if (r == -EOPNOTSUPP && !wants_more(run->spec))
                return 0;
        if (r < 0)
                return r;

        set_defaults(run, filter);
        if (spec_refused_families(run->spec) != 0)
                forget_other_sockets(filter);

        r = set_all(run, filter, run->spec->allow_syscalls, SYSCALL_ALLOWED);
        if (r >= 0)
                r = set_all(run, filter, run->spec->deny_syscalls, SYSCALL_REFUSED);
        if (r < 0)
                return r;

        return compile(run, filter);
}

static void explain_names(FILE *f, const char *what, char *const *names) {
        if (names && *names)
                (void) fprintf(f, "; %s", what);
        for (; names && *names; names++)
                (void) fprintf(f, " %s", *names);
}

static void explain_families(FILE *f, const Spec *spec) {
        uint64_t refused = spec_refused_families(spec);

        if (refused != 0)
                (void) fprintf(f, "; %s", spec->only_families ? "sockets of no kind but" : "no sockets of");

        for (unsigned i = 0; i < ADDRESS_FAMILIES && refused != 0; i++)
                if (address_family_name(i) && !(refused & ADDRESS_FAMILY_BIT(i)) == spec->only_families)
                        (void) fprintf(f, " %s", address_family_name(i));
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(syscall_filter_is_supported() ? "the default one" : "none in this build", f);
        explain_names(f, "and", run->spec->allow_syscalls);
        explain_names(f, "without", run->spec->deny_syscalls);
        explain_families(f, run->spec);
        if (run->spec->suppress_sync)
                (void) fputs("; sync() and the like do nothing", f);
}

const Step step_filter = {
        .name = "filter",
        .stage = STAGE_HOST,
        .apply = apply,
        .explain = explain,
};

/* Programs that join the machine are not the leader's children, and get it from there. */
static int apply_keep(void *subject) {
        Run *run = subject;

        if (run->filter.n_instructions == 0)
                return 0;

        return kept_filter_add(run->leader_pidfd, &run->filter, &run->kept_filter);
}

static void undo_keep(void *subject) {
        Run *run = subject;

        if (run->kept_filter)
                kept_filter_remove(run->kept_filter);
}

static void explain_keep(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("for those who join", f);
}

const Step step_keep_filter = {
        .name = "keep-filter",
        .stage = STAGE_LEADER,
        .apply = apply_keep,
        .undo = undo_keep,
        .explain = explain_keep,
};

/* With programs that may gain privileges the kernel wants CAP_SYS_ADMIN, which
 * the step before has left us for that. */
static int apply_load(void *subject) {
        Run *run = subject;
        int r;

        if (run->filter.n_instructions == 0)
                return 0;

        r = privileges_raise();
        if (r < 0)
                return r;

        r = syscall_program_load(&run->filter);
        return r < 0 ? r : privileges_hold(run_capabilities(run), run->spec->ambient_capabilities);
}

static void explain_load(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("the filter, if there is one", f);
}

const Step step_load_filter = {
        .name = "load-filter",
        .stage = STAGE_INNER,
        .apply = apply_load,
        .explain = explain_load,
};
