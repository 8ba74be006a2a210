/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What --bind=, --bind-ro= and --tmpfs= ask for. Sources are opened on the host,
 * targets in the guest; neither is a path any more when they meet. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/fault.h"
#include "lib/base/text.h"
#include "lib/base/tree.h"
#include "lib/kernel/mount.h"
#include "runtime/cleanup.h"
#include "runtime/guest.h"
#include "runtime/owners.h"
#include "runtime/overlay.h"
#include "runtime/run.h"
#include "runtime/source.h"
#include "runtime/steps/steps.h"

static bool wanted_sources(const void *subject) {
        const Run *run = subject;

        return run->spec->n_mounts > 0;
}

static bool is_of_image(const SpecMount *m) {
        return *m->source == '+';
}

/* Writable for the machine's root, whoever that is; and in one of ours, so that no user of the host finds
 * what that root makes of it. */
static int make_directory(Run *run) {
        _cleanup_close_ int temporary_fd = -EBADF, fd = -EBADF;
        uid_t owner = run_has_users(run) ? run->range->base : 0;

        temporary_fd = source_make_temporary(run, CLEANUP_TEMPORARY_PLACE);
        if (temporary_fd < 0)
                return temporary_fd;
        if (mkdirat(temporary_fd, "empty", 0755) < 0)
                return -errno;

        fd = openat(temporary_fd, "empty", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchmod(fd, 0755) < 0 || fchown(fd, owner, owner) < 0)
                return -errno;

        return TAKE_FD(fd);
}

static int clone_source(Run *run, const SpecMount *m) {
        _cleanup_close_ int fd = -EBADF;

        if (*m->source == '/')
                return mount_clone(AT_FDCWD, m->source, m->recursive);

        fd = is_of_image(m) ? source_open_of_image(run, m->source + 1, O_PATH) : make_directory(run);
        return fd < 0 ? fd : mount_clone(fd, "", m->recursive);
}

/* What is of the image is shown as the image is. */
static int map_source(const Run *run, const SpecMount *m, int fd) {
        if (!run_has_users(run))
                return 0;
        if (m->owners == BIND_OWNERS_SAME || m->owners == BIND_OWNER_ROOT)
                return owners_map_bind(run, m, fd, NULL);
        if (m->owners != BIND_OWNERS_OF_HOST || !is_of_image(m) || !run->tree_is_mapped)
                return 0;

        return owners_map_range(run, fd, run->tree_block);
}

static int open_source(Run *run, const SpecMount *m) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = clone_source(run, m);
        if (fd < 0)
                return fd;

        /* What the guest mounts there is not the host's business. */
        r = mount_set_propagation(fd, MS_SLAVE);
        if (r < 0)
                return r;

        r = map_source(run, m, fd);
        return r < 0 ? r : TAKE_FD(fd);
}

static bool has_source(const SpecMount *m) {
        return m->kind == MOUNT_BIND || m->kind == MOUNT_OVERLAY;
}

static void remove_temporaries(const Run *run) {
        for (char **t = run->temporaries; t && *t; t++)
                (void) tree_remove(*t);
}

static void undo_sources(void *subject) {
        remove_temporaries(subject);
}

static int apply_sources(void *subject) {
        Run *run = subject;

        run->source_fds = malloc(sizeof(int) * run->spec->n_mounts);
        if (!run->source_fds)
                return -ENOMEM;

        for (size_t i = 0; i < run->spec->n_mounts; i++) {
                const SpecMount *m = &run->spec->mounts[i];

                run->source_fds[i] = -EBADF;
                run->n_source_fds = i + 1;
                if (!has_source(m))
                        continue;

                run_set_object(run, "%s", isempty(m->source) ? m->target : m->source);
                run->source_fds[i] = m->kind == MOUNT_OVERLAY ? overlay_open(run, m) : open_source(run, m);
                if (run->source_fds[i] < 0) {
                        remove_temporaries(run);
                        return run->source_fds[i];
                }
        }

        return 0;
}

static const char *describe_source(const SpecMount *m) {
        return m->source && !*m->source ? "an empty directory" : m->source;
}

static void explain_sources(const void *subject, FILE *f) {
        const Run *run = subject;
        const char *comma = "";

        for (size_t i = 0; i < run->spec->n_mounts; i++)
                if (has_source(&run->spec->mounts[i])) {
                        _cleanup_free_ char *layers = NULL;

                        (void) strv_join(run->spec->mounts[i].layers, " under ", &layers);
                        (void) fprintf(f, "%s%s", comma, describe_source(&run->spec->mounts[i]) ?: layers);
                        comma = ", ";
                }
}

const Step step_sources = {
        .name = "sources",
        .stage = STAGE_HOST,
        .wanted = wanted_sources,
        .apply = apply_sources,
        .undo = undo_sources,
        .explain = explain_sources,
};

static int make_file(int root_fd, const char *path) {
        _cleanup_close_ int parent_fd = -EBADF, fd = -EBADF;
        _cleanup_free_ char *parent = NULL;
        const char *base = strrchr(path, '/');

        assert(base);

        parent = strndup(path, (size_t) (base - path));
        if (!parent)
                return -ENOMEM;

        parent_fd = beneath_make_directory(root_fd, parent, 0755);
        if (parent_fd < 0)
                return parent_fd;

        fd = openat(parent_fd, base + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        return fd < 0 ? -errno : 0;
}

/* A place of the right kind, made if there is nothing. */
static int open_target(int root_fd, const char *path, bool directory) {
        int fd, r;

        if (directory)
                return beneath_make_directory(root_fd, path, 0755);

        fd = beneath_open(root_fd, path, O_PATH, 0);
        if (fd != -ENOENT)
                return fd;

        r = make_file(root_fd, path);
        if (r < 0)
                return r;

        return beneath_open(root_fd, path, O_PATH, 0);
}

static int map_to_target(const Run *run, const SpecMount *m, int source_fd, int target_fd) {
        struct stat st;

        if (fstat(target_fd, &st) < 0)
                return -errno;

        return owners_map_bind(run, m, source_fd, &st);
}

static int attach_bind(const Run *run, const SpecMount *m, int source_fd) {
        _cleanup_close_ int target_fd = -EBADF;
        struct stat st;
        int r;

        if (fstat(source_fd, &st) < 0)
                return -errno;

        target_fd = open_target(run->root_fd, m->target, S_ISDIR(st.st_mode));
        if (target_fd < 0)
                return target_fd;

        if (run_has_users(run) && m->owners == BIND_OWNER_OF_TARGET) {
                r = map_to_target(run, m, source_fd, target_fd);
                if (r < 0)
                        return r;
        }

        if (m->read_only && !fault_skips("read-only", m->target)) {
                r = mount_set_attributes(source_fd, MOUNT_ATTR_RDONLY, m->recursive);
                if (r < 0)
                        return r;
        }

        return mount_attach(source_fd, target_fd);
}

/* Owners are told as the guest's users, the kernel is told whom it knows. */
static int translate_owner(const Run *run, const char *value, char **ret) {
        uint32_t base = run_has_users(run) ? run->range->base : 0;
        uint32_t last = run_has_users(run) ? run->range->count - 1 : UINT32_MAX - 1;
        unsigned id;
        int r;

        r = parse_unsigned(value, last, &id);
        return r < 0 ? r : text_printf(ret, "%u", base + id);
}

static int push_option(const Run *run, const char *key, const char *value, char ***options) {
        _cleanup_free_ char *owner = NULL;
        int r;

        if (streq(key, "uid") || streq(key, "gid")) {
                r = translate_owner(run, value, &owner);
                if (r < 0)
                        return r;
        }

        r = strv_push(options, key);
        return r < 0 ? r : strv_push(options, owner ?: value);
}

/* "mode=0700,size=1m" becomes a list of keys and values. */
static int split_options(const Run *run, const char *s, char ***ret) {
        _cleanup_(strv_freep) char **words = NULL, **options = NULL;
        int r;

        r = strv_split(s, ",", &words);
        if (r < 0)
                return r;

        for (char **w = words; w && *w; w++) {
                char *value = strchr(*w, '=');

                if (value)
                        *value++ = '\0';

                r = push_option(run, *w, value ?: "", &options);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(options);
        return 0;
}

static int attach_tmpfs(const Run *run, const SpecMount *m) {
        _cleanup_close_ int target_fd = -EBADF, fd = -EBADF;
        _cleanup_(strv_freep) char **options = NULL;
        int r;

        r = split_options(run, isempty(m->options) ? "mode=0755" : m->options, &options);
        if (r < 0)
                return r;

        target_fd = beneath_make_directory(run->root_fd, m->target, 0755);
        if (target_fd < 0)
                return target_fd;

        fd = guest_mount_new(run, "tmpfs", (const char *const *) options,
                             MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (fd < 0)
                return fd;

        return mount_attach(fd, target_fd);
}

/* By a node of the same kind that nobody can open. */
static int cover(const Run *run, const SpecMount *m) {
        _cleanup_close_ int target_fd = -EBADF, fd = -EBADF;
        const char *name;
        struct stat st;

        target_fd = beneath_open(run->root_fd, m->target, O_PATH, 0);
        if (target_fd < 0)
                return target_fd;
        if (fstat(target_fd, &st) < 0)
                return -errno;

        switch (st.st_mode & S_IFMT) {
        case S_IFDIR:
                name = "inaccessible/dir";
                break;
        case S_IFSOCK:
                name = "inaccessible/sock";
                break;
        case S_IFIFO:
                name = "inaccessible/fifo";
                break;
        default: /* what stands for devices is not there everywhere */
                name = "inaccessible/reg";
        }

        fd = mount_clone(run->run_host_fd, name, false);
        return fd < 0 ? fd : mount_attach(fd, target_fd);
}

/* Those that lie below others come after them. */
static int compare_targets(const void *a, const void *b, void *userdata) {
        const SpecMount *mounts = userdata;

        return strcmp(mounts[*(const size_t *) a].target, mounts[*(const size_t *) b].target);
}

static bool is_within(const char *path, const char *top) {
        const char *rest = startswith(path, top);

        return rest && (*rest == '/' || !*rest);
}

/* Those below what shows the guest's own namespaces wait until it is there; and those that go over
 * what we still have to find, with all below them. */
static bool is_over(const Run *run, const SpecMount *m) {
        static const char *const shown[] = { "/proc", "/sys", "/dev/mqueue" };
        static const char *const needed[] = { "/dev", "/run", "/run/host" };

        for (size_t i = 0; i < ELEMENTSOF(shown); i++)
                if (is_within(m->target, shown[i]))
                        return true;

        for (size_t i = 0; i < ELEMENTSOF(needed); i++)
                if (is_within(m->target, needed[i]) && spec_mounts_over(run->spec, needed[i]))
                        return true;

        return false;
}

static bool wanted_at(const Run *run, bool over) {
        for (size_t i = 0; i < run->spec->n_mounts; i++)
                if (is_over(run, &run->spec->mounts[i]) == over)
                        return true;

        return false;
}

static bool wanted(const void *subject) {
        return wanted_at(subject, false);
}

static bool wanted_over(const void *subject) {
        return wanted_at(subject, true);
}

static int attach_all(Run *run, bool over) {
        _cleanup_free_ size_t *order = NULL;
        size_t n = run->spec->n_mounts;
        int r;

        order = malloc(sizeof(size_t) * n);
        if (!order)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                order[i] = i;
        qsort_r(order, n, sizeof(size_t), compare_targets, run->spec->mounts);

        for (size_t i = 0; i < n; i++) {
                const SpecMount *m = &run->spec->mounts[order[i]];

                if (is_over(run, m) != over)
                        continue;

                run_set_object(run, "%s", m->target);
                if (m->kind == MOUNT_TMPFS)
                        r = attach_tmpfs(run, m);
                else if (m->kind == MOUNT_INACCESSIBLE)
                        r = cover(run, m);
                else
                        r = attach_bind(run, m, run->source_fds[order[i]]);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int apply(void *subject) {
        return attach_all(subject, false);
}

static int apply_over(void *subject) {
        return attach_all(subject, true);
}

static void explain_all(const Run *run, FILE *f, bool over) {
        static const char *const owners[] = {
                [BIND_OWNERS_OF_HOST] = "",
                [BIND_OWNERS_SAME] = " with the same owners",
                [BIND_OWNER_ROOT] = " as root's",
                [BIND_OWNER_OF_TARGET] = " as the target's owner's",
        };
        static const char *const kinds[] = {
                [MOUNT_BIND] = "bind",
                [MOUNT_TMPFS] = "tmpfs",
                [MOUNT_OVERLAY] = "overlay",
                [MOUNT_INACCESSIBLE] = "nothing at",
        };
        const char *comma = "";

        for (size_t i = 0; i < run->spec->n_mounts; i++) {
                const SpecMount *m = &run->spec->mounts[i];

                if (is_over(run, m) != over)
                        continue;

                (void) fprintf(f, "%s%s %s%s%s", comma, kinds[m->kind],
                               m->target, m->read_only ? " read-only" : "", owners[m->owners]);
                comma = ", ";
        }
}

static void explain(const void *subject, FILE *f) {
        explain_all(subject, f, false);
}

static void explain_over(const void *subject, FILE *f) {
        explain_all(subject, f, true);
}

const Step step_mounts = {
        .name = "mounts",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};

const Step step_mounts_over = {
        .name = "mounts-over",
        .stage = STAGE_OWN,
        .wanted = wanted_over,
        .apply = apply_over,
        .explain = explain_over,
};
