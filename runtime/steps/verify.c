/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks from inside whether all that protects the host is there: covers, read-only
 * mounts, namespaces, devices, capabilities, the filter. Something that did not take
 * effect, though nothing failed, is an error here, and says what it is. */

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/label.h"
#include "lib/kernel/privileges.h"
#include "lib/kernel/syscall-filter.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

#define STATUS_SIZE_MAX (16 * 1024)

/* A device that no policy has ever allowed. */
#define NO_DEVICE makedev(4095, 1048575)
#define NO_DEVICE_NAME ".verify"

static const char *const namespace_table[_RUN_NAMESPACE_MAX] = {
        [RUN_NAMESPACE_CGROUP] = "cgroup",
        [RUN_NAMESPACE_IPC] = "ipc",
        [RUN_NAMESPACE_MNT] = "mnt",
        [RUN_NAMESPACE_NET] = "net",
        [RUN_NAMESPACE_PID] = "pid",
        [RUN_NAMESPACE_TIME] = "time",
        [RUN_NAMESPACE_USER] = "user",
        [RUN_NAMESPACE_UTS] = "uts",
};

/* Always fails: what is not there is this step's object. */
#define MISSING(run, ...) (run_set_object(run, __VA_ARGS__), -ECANCELED)

static int look_at_namespace(int proc_fd, RunNamespace namespace, uint64_t *ret) {
        char name[32];
        struct stat st;

        (void) snprintf(name, sizeof(name), "self/ns/%s", namespace_table[namespace]);
        if (fstatat(proc_fd, name, &st, 0) < 0)
                return -errno;

        *ret = st.st_ino;
        return 0;
}

/* A file of our own process, all of it. */
static int read_own(int proc_fd, const char *name, char **ret) {
        _cleanup_close_ int fd = -EBADF;

        fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd_read_all(fd, STATUS_SIZE_MAX, ret, NULL);
}

/* How many filters of system calls we have; 0 where the kernel does not tell. */
static int count_filters(int proc_fd, unsigned *ret) {
        static const char key[] = "\nSeccomp_filters:\t";
        _cleanup_free_ char *text = NULL;
        char *value;
        int r;

        r = read_own(proc_fd, "self/status", &text);
        if (r < 0)
                return r;

        *ret = 0;
        value = strstr(text, key);
        if (!value)
                return 0;

        value += strlen(key);
        value[strcspn(value, "\n")] = '\0';
        return parse_unsigned(value, UINT32_MAX, ret);
}

static bool has_own_clocks(const Spec *spec) {
        for (SpecClock c = 0; c < _SPEC_CLOCK_MAX; c++)
                if (spec->time_offsets[c].set)
                        return true;

        return false;
}

static bool is_own(const Run *run, RunNamespace namespace) {
        switch (namespace) {
        case RUN_NAMESPACE_NET:
                return run->spec->private_network;
        case RUN_NAMESPACE_TIME:
                return has_own_clocks(run->spec);
        case RUN_NAMESPACE_USER:
                return run_has_users(run);
        default:
                return true;
        }
}

/* What the leader has to differ from, seen by the supervisor: who is born into a
 * namespace cannot know what it should have left. */
static int apply_reference(void *subject) {
        Run *run = subject;
        _cleanup_close_ int proc_fd = -EBADF;
        int r;

        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (proc_fd < 0)
                return -errno;

        for (RunNamespace n = 0; n < _RUN_NAMESPACE_MAX; n++) {
                if (!is_own(run, n))
                        continue;

                run_set_object(run, "%s", namespace_table[n]);
                r = look_at_namespace(proc_fd, n, &run->host_namespaces[n]);
                if (r < 0)
                        return r;
        }

        return count_filters(proc_fd, &run->host_filters);
}

const Step step_reference = {
        .name = "reference",
        .stage = STAGE_HOST,
        .apply = apply_reference,
};

static int verify_root(Run *run) {
        struct stat root, ours;

        if (stat("/", &root) < 0 || fstat(run->root_fd, &ours) < 0)
                return -errno;
        if (root.st_dev != ours.st_dev || root.st_ino != ours.st_ino)
                return MISSING(run, "the root directory is not the machine's");

        return 0;
}

static int verify_namespaces(Run *run) {
        for (RunNamespace n = 0; n < _RUN_NAMESPACE_MAX; n++) {
                uint64_t inode;
                int r;

                if (!is_own(run, n))
                        continue;

                r = look_at_namespace(run->proc_fd, n, &inode);
                if (r < 0)
                        return r;
                if (inode == run->host_namespaces[n])
                        return MISSING(run, "the %s namespace is the host's", namespace_table[n]);
        }

        return 0;
}

/* Its range, and none beside those that were delegated to it, which it knows by the same numbers. */
static int is_own_map(const Run *run, const char *text) {
        _cleanup_(idmap_done) IdMap map = {};
        unsigned n_own = 0, n_delegated = 0;
        int r;

        r = idmap_parse(text, &map);
        if (r < 0)
                return r;

        for (size_t i = 0; i < map.n_ranges; i++) {
                const IdRange *range = &map.ranges[i];

                n_own += range->inside == 0 && range->outside == run->range->base &&
                         range->count == run->range->count;
                n_delegated += range->inside == range->outside && range->inside >= USERS_BLOCK;
        }

        return n_own == 1 && n_delegated == run->spec->users_delegated && map.n_ranges == 1 + n_delegated;
}

static int verify_users(Run *run) {
        static const char *const names[] = { "uid_map", "gid_map" };

        for (size_t i = 0; i < ELEMENTSOF(names) && run_has_users(run); i++) {
                _cleanup_free_ char *path = NULL, *text = NULL;
                int r;

                r = text_printf(&path, "self/%s", names[i]);
                if (r >= 0)
                        r = read_own(run->proc_fd, path, &text);
                if (r >= 0)
                        r = is_own_map(run, text);
                if (r < 0)
                        return r;
                if (r == 0)
                        return MISSING(run, "the %s is not the machine's", names[i]);
        }

        return 0;
}

/* Ours lie in /run/host; what lies in /proc is the kernel's. And what the spec mounts over it
 * is what was asked for, whatever that is. */
static int verify_covered(Run *run, const char *name) {
        char path[64];
        struct stat st, host;

        (void) snprintf(path, sizeof(path), "/proc/%s", name);
        if (spec_mounts_over(run->spec, path))
                return 0;

        if (fstatat(run->proc_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(run->run_host_fd, &host) < 0)
                return -errno;
        if (st.st_dev != host.st_dev)
                return MISSING(run, "/proc/%s is not covered", name);

        return 0;
}

static int verify_read_only_fd(Run *run, int fd, const char *path) {
        struct statvfs sv;

        if (fstatvfs(fd, &sv) < 0)
                return -errno;
        if (!(sv.f_flag & ST_RDONLY))
                return MISSING(run, "%s is not read-only", path);

        return 0;
}

/* What this kernel does not have needs no protection. */
static int verify_read_only(Run *run, const char *path) {
        _cleanup_close_ int fd = -EBADF;

        run_set_object(run, "%s", path);
        fd = beneath_open(run->root_fd, path, O_PATH, 0);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;

        return verify_read_only_fd(run, fd, path);
}

static int verify_proc(Run *run) {
        int r;

        for (size_t i = 0; guest_proc_masked[i]; i++) {
                r = verify_covered(run, guest_proc_masked[i]);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; guest_proc_read_only[i]; i++) {
                char path[32];

                (void) snprintf(path, sizeof(path), "/proc/%s", guest_proc_read_only[i]);
                if (spec_mounts_over(run->spec, path))
                        continue;

                r = verify_read_only(run, path);
                if (r < 0)
                        return r;
        }

        r = verify_covered(run, "kmsg");
        if (r < 0)
                return r;

        return verify_covered(run, "sys/kernel/random/boot_id");
}

/* Of several mounts on one place one is seen. */
static bool is_covered_by_another(const Spec *spec, size_t which) {
        for (size_t i = 0; i < spec->n_mounts; i++)
                if (i != which && streq(spec->mounts[which].target, spec->mounts[i].target))
                        return true;

        return false;
}

/* What is mounted over any part of the way there is what was asked for. */
static int verify_selinux(Run *run) {
        static const char *const way[] = { "/sys", "/sys/fs", GUEST_SELINUX };

        for (size_t i = 0; i < ELEMENTSOF(way); i++)
                if (spec_mounts_over(run->spec, way[i]))
                        return 0;

        return verify_read_only(run, GUEST_SELINUX);
}

static int verify_mounts(Run *run) {
        static const char *const always[] = { "/sys", "/proc/sys", "/run/host" };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(always); i++) {
                if (spec_mounts_over(run->spec, always[i]))
                        continue;

                r = verify_read_only(run, always[i]);
                if (r < 0)
                        return r;
        }

        r = verify_selinux(run);
        if (r < 0)
                return r;

        if (run->spec->n_credentials > 0) {
                r = verify_read_only(run, RUN_CREDENTIALS);
                if (r < 0)
                        return r;
        }

        r = run->spec->read_only ? verify_read_only_fd(run, run->root_fd, "/") : 0;
        for (size_t i = 0; i < run->spec->n_mounts && r >= 0; i++)
                if (run->spec->mounts[i].read_only && !is_covered_by_another(run->spec, i))
                        r = verify_read_only(run, run->spec->mounts[i].target);

        return r;
}

/* The policy may be ours, the unit's, or that of a container around us; or we may
 * not make any devices at all. */
static int verify_devices(Run *run) {
        if (mknodat(run->dev_fd, NO_DEVICE_NAME, S_IFBLK | 0600, NO_DEVICE) < 0)
                return errno == EPERM ? 0 : -errno;

        (void) unlinkat(run->dev_fd, NO_DEVICE_NAME, 0);
        return MISSING(run, "there is no device policy");
}

/* Before privileges go: whom the payload runs as may not see all of this. */
static int apply_tree(void *subject) {
        Run *run = subject;
        int r;

        r = verify_root(run);
        if (r >= 0)
                r = verify_namespaces(run);
        if (r >= 0)
                r = verify_users(run);
        if (r >= 0)
                r = verify_proc(run);
        if (r >= 0)
                r = verify_mounts(run);
        if (r >= 0)
                r = verify_devices(run);

        return r;
}

static void explain_tree(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("root, namespaces, /proc, read-only mounts, devices", f);
}

const Step step_verify_tree = {
        .name = "verify-tree",
        .stage = STAGE_INNER,
        .apply = apply_tree,
        .explain = explain_tree,
};

static int verify_capabilities(Run *run) {
        uint64_t keep = run_bounding(run), held = run_capabilities(run);
        Privileges p;
        int r;

        r = privileges_read(&p);
        if (r < 0)
                return r;
        if (p.bounding & ~keep)
                return MISSING(run, "the bounding set has more than asked for");
        if ((p.permitted | p.effective) & ~held)
                return MISSING(run, "there are more capabilities than asked for");
        if ((p.inheritable | p.ambient) != run->spec->ambient_capabilities)
                return MISSING(run, "other capabilities are inherited than asked for");

        return 0;
}

static int verify_user(Run *run) {
        uid_t uid[3];
        gid_t gid[3];

        if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0)
                return -errno;

        for (size_t i = 0; i < 3; i++)
                if (uid[i] != run->user.uid || gid[i] != run->user.gid)
                        return MISSING(run, "the user is not %s", run->user.name);

        return 0;
}

static int verify_filter(Run *run) {
        unsigned n;
        int r;

        if (!syscall_filter_is_supported())
                return 0;

        r = count_filters(run->proc_fd, &n);
        if (r < 0)
                return r;
        if (prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER || (n > 0 && n <= run->host_filters))
                return MISSING(run, "there is no filter of system calls");

        return 0;
}

static int verify_labels(Run *run) {
        const Spec *spec = run->spec;

        if (spec->selinux_context &&
            label_check_exec(run->proc_fd, LABEL_SELINUX, spec->selinux_context) < 0)
                return MISSING(run, "the SELinux context is not %s", spec->selinux_context);
        if (spec->apparmor_profile &&
            label_check_exec(run->proc_fd, LABEL_APPARMOR, spec->apparmor_profile) < 0)
                return MISSING(run, "the AppArmor profile is not %s", spec->apparmor_profile);

        return 0;
}

static int apply_privileges(void *subject) {
        Run *run = subject;
        int r;

        r = verify_user(run);
        if (r >= 0)
                r = verify_capabilities(run);
        if (r < 0)
                return r;
        if (run->spec->no_new_privileges && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                return MISSING(run, "programs can gain privileges");

        r = verify_labels(run);
        return r < 0 ? r : verify_filter(run);
}

static void explain_privileges(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("user, capabilities, labels, the filter", f);
}

const Step step_verify_privileges = {
        .name = "verify-privileges",
        .stage = STAGE_INNER,
        .apply = apply_privileges,
        .explain = explain_privileges,
};
