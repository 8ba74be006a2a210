/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Trees that do not stay as the guest leaves them: --ephemeral and --volatile=. What
 * it changes goes to a directory beside the tree that is removed in the end, or to
 * memory; nothing is copied. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/text.h"
#include "lib/base/tree.h"
#include "lib/kernel/fsids.h"
#include "lib/kernel/mount.h"
#include "runtime/cleanup.h"
#include "runtime/guest.h"
#include "runtime/overlay-users.h"
#include "runtime/overlay.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* Of what is written to memory, as much as /tmp may take. */
static const char *const memory_options[] = { "mode", "0755", "size", "10%", "nr_inodes", "1m", NULL };

static bool is_ephemeral(const void *subject) {
        const Run *run = subject;

        return run->spec->ephemeral;
}

/* With names that whoever cleans up after systemd-nspawn knows as well. The machine
 * that reboots finds its own again. */
static int name_changes(const Run *run, const char *place, char **ret) {
        return text_printf(ret, "%s/" CLEANUP_NAME(CLEANUP_TREE), place, run->spec->machine, (int) getpid());
}

static int make_changes(Run *run, const char *place) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = name_changes(run, place, &path);
        if (r < 0)
                return r;

        run_set_object(run, "%s", path);
        if (mkdir(path, 0700) < 0 && !(errno == EEXIST && run->is_reboot))
                return -errno;

        run->changes = TAKE_PTR(path);
        return 0;
}

static int apply_changes(void *subject) {
        Run *run = subject;
        _cleanup_free_ char *place = NULL;
        int r;

        place = strndup(run->root_path, (size_t) (strrchr(run->root_path, '/') - run->root_path));
        if (!place)
                return -ENOMEM;

        r = make_changes(run, place);
        return r < 0 && r != -EEXIST ? make_changes(run, CLEANUP_TEMPORARY_PLACE) : r;
}

static void undo_changes(void *subject) {
        Run *run = subject;

        if (!run->will_reboot)
                (void) tree_remove(run->changes);
}

static void explain_changes(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("beside the tree, until the end", f);
}

const Step step_changes = {
        .name = "changes",
        .stage = STAGE_HOST,
        .wanted = is_ephemeral,
        .apply = apply_changes,
        .undo = undo_changes,
        .explain = explain_changes,
};

/* Detached mounts can be neither layers nor cloned on older kernels; so the tree is
 * attached where it comes from, for nobody but us to see. */
static int attach_original(const Run *run, const char *place) {
        _cleanup_close_ int host_fd = -EBADF, place_fd = -EBADF;
        int r;

        host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        place_fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (host_fd < 0 || place_fd < 0)
                return -errno;

        r = mount_set_propagation(host_fd, MS_SLAVE);
        return r < 0 ? r : mount_attach(run->root_fd, place_fd);
}

/* Puts what is laid over it into the place of a tree, which is attached. */
static int lay_over(const Run *run, int *tree_fd, int directory_fd) {
        _cleanup_close_ int upper_fd = -EBADF, work_fd = -EBADF, lower_fd = -EBADF;
        int r;

        r = overlay_make_directories(directory_fd, *tree_fd, &upper_fd, &work_fd);
        if (r < 0)
                return r;

        lower_fd = fcntl(*tree_fd, F_DUPFD_CLOEXEC, 0);
        if (lower_fd < 0)
                return -errno;

        if (run->range->users_fd >= 0)
                r = overlay_new_mapped(run, &lower_fd, 1, upper_fd, work_fd);
        else
                r = overlay_new(false, &lower_fd, 1, upper_fd, work_fd);
        if (r < 0)
                return r;

        (void) close(*tree_fd);
        *tree_fd = r;
        return 0;
}

/* Attached, too, for the same reason: over what is covered by now anyway. Layers that are opened again
 * for users that are lent may not be covered. */
static int lay_over_memory(const Run *run, int *tree_fd, const char *covered) {
        const char *place = run->range->users_fd >= 0 ? RUN_PLACE : covered;
        _cleanup_close_ int fd = -EBADF, place_fd = -EBADF;
        int r;

        fd = guest_mount_new(run, "tmpfs", memory_options, 0);
        if (fd < 0)
                return fd;

        place_fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (place_fd < 0)
                return -errno;

        r = mount_attach(fd, place_fd);
        return r < 0 ? r : lay_over(run, tree_fd, fd);
}

static int lay_over_changes(Run *run, const char *place) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        /* Of users that are lent, nothing may be on a disk, not even for a while. */
        if (run->range->users_fd >= 0)
                return lay_over_memory(run, &run->root_fd, place);

        fd = open(run->changes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        /* Not on every file system; then as much is kept as fits into memory. */
        r = lay_over(run, &run->root_fd, fd);
        return r == -EINVAL ? lay_over_memory(run, &run->root_fd, place) : r;
}

/* Only /usr of the tree is shown, and what leads to it. The host's is found already. */
static int replace_tree(Run *run) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        if (run->usr_fd < 0)
                run->usr_fd = mount_clone(run->root_fd, "usr", true);
        if (run->usr_fd < 0)
                return run->usr_fd;

        fd = guest_mount_new(run, "tmpfs", memory_options, 0);
        if (fd < 0)
                return fd;

        /* Whose root is root in it, of a machine with users of its own. */
        if (fstat(run->root_fd, &st) < 0 || fchownat(fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0)
                return -errno;

        run->image_fd = run->root_fd;
        run->root_fd = TAKE_FD(fd);
        return 0;
}

static int replace_or_lay_over(Run *run, const char *place) {
        if (run->spec->ephemeral)
                return lay_over_changes(run, place);

        return run->spec->volatile_mode == VOLATILE_YES ? replace_tree(run) :
                                                          lay_over_memory(run, &run->root_fd, place);
}

/* Of the host nothing is shown as it is, not even what is read-only: in a machine with the host's users
 * root could make that writable again, and it would be the host. What lies over it is in memory. */
static int lay_over_usr_of_host(Run *run, const char *place) {
        _cleanup_close_ int place_fd = -EBADF;
        int r;

        if (!run->of_host || run->usr_fd < 0)
                return 0;

        run_set_object(run, "/usr");
        place_fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (place_fd < 0)
                return -errno;

        r = mount_attach(run->usr_fd, place_fd);
        return r < 0 ? r : lay_over_memory(run, &run->usr_fd, place);
}

static int apply_layers(void *subject) {
        Run *run = subject;
        const char *place = run->of_host ? RUN_PLACE : run->root_path;
        int r;

        r = attach_original(run, place);
        if (r < 0)
                return r;

        /* In a file system of users that are lent, the host's root is nobody. */
        r = run->range->users_fd >= 0 ? fsids_lend(run->range->base, run->range->base) : 0;
        if (r >= 0)
                r = replace_or_lay_over(run, place);

        return r < 0 ? r : lay_over_usr_of_host(run, place);
}

static bool is_of_host(const Run *run) {
        return run->of_host || spec_is_of_host(run->spec);
}

/* A tree that is only read-only needs none. */
static bool wants_layers(const void *subject) {
        const Run *run = subject;

        if (run->spec->volatile_mode == VOLATILE_STATE)
                return is_of_host(run);

        return spec_discards_changes(run->spec);
}

static void explain_layers(const void *subject, FILE *f) {
        const Run *run = subject;

        if (run->spec->ephemeral)
                (void) fputs("the tree, and what is changed over it", f);
        else if (run->spec->volatile_mode == VOLATILE_YES)
                (void) fputs("memory in place of the tree", f);
        else
                (void) fputs("the tree, and memory over it", f);
}

const Step step_layers = {
        .name = "layers",
        .stage = STAGE_OUTER,
        .wanted = wants_layers,
        .apply = apply_layers,
        .explain = explain_layers,
};

/* /bin and its like are links in most trees. Others have no such links, and need none. */
static int copy_links(const Run *run) {
        static const char *const names[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char target[256];
                ssize_t n = readlinkat(run->image_fd, names[i], target, sizeof(target) - 1);

                if (n < 0)
                        continue;

                target[n] = '\0';
                if (symlinkat(target, run->root_fd, names[i]) < 0 && errno != EEXIST)
                        return -errno;
        }

        return 0;
}

/* What is laid over the host's is in memory, as all changes are with overlay. */
static bool usr_is_writable(const Run *run) {
        return run->of_host && !run->spec->read_only && run->spec->volatile_mode != VOLATILE_YES;
}

static int attach_usr(Run *run) {
        _cleanup_close_ int target_fd = -EBADF;
        int r = 0;

        target_fd = beneath_make_directory(run->root_fd, "/usr", 0755);
        if (target_fd < 0)
                return target_fd;

        if (!usr_is_writable(run))
                r = mount_set_attributes(run->usr_fd, MOUNT_ATTR_RDONLY, true);

        return r < 0 ? r : mount_attach(run->usr_fd, target_fd);
}

static int attach_var(Run *run) {
        _cleanup_close_ int target_fd = -EBADF, fd = -EBADF;

        target_fd = beneath_open(run->root_fd, "/var", O_PATH | O_DIRECTORY, 0);
        if (target_fd < 0)
                return target_fd;

        fd = guest_mount_new(run, "tmpfs", memory_options, 0);
        return fd < 0 ? fd : mount_attach(fd, target_fd);
}

static int apply_volatile(void *subject) {
        Run *run = subject;
        int r = 0;

        if (run->usr_fd >= 0)
                r = attach_usr(run);
        if (r >= 0 && run->spec->volatile_mode == VOLATILE_YES)
                r = copy_links(run);
        if (r >= 0 && run->spec->volatile_mode == VOLATILE_STATE)
                r = attach_var(run);

        return r;
}

static bool wants_volatile(const void *subject) {
        const Run *run = subject;

        Volatile mode = run->spec->volatile_mode;

        return mode == VOLATILE_YES || mode == VOLATILE_STATE || is_of_host(run);
}

static void explain_volatile(const void *subject, FILE *f) {
        const Run *run = subject;
        Volatile mode = run->spec->volatile_mode;

        if (mode == VOLATILE_YES)
                (void) fputs("/usr of the tree, read-only", f);
        if (mode == VOLATILE_STATE)
                (void) fputs("an empty /var", f);
        if (mode != VOLATILE_YES && is_of_host(run))
                (void) fprintf(f, "%s/usr, if it is a mount of its own", mode == VOLATILE_STATE ? ", " : "");
}

const Step step_volatile = {
        .name = "volatile",
        .stage = STAGE_OUTER,
        .wanted = wants_volatile,
        .apply = apply_volatile,
        .explain = explain_volatile,
};

/* The tree that the root directory was once, in it. */
static int apply_old(void *subject) {
        Run *run = subject;
        _cleanup_close_ int target_fd = -EBADF;

        target_fd = beneath_make_directory(run->root_fd, run->spec->pivot_old, 0755);
        return target_fd < 0 ? target_fd : mount_attach(run->image_fd, target_fd);
}

static bool wants_old(const void *subject) {
        const Run *run = subject;

        return run->spec->pivot_old;
}

static void explain_old(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fprintf(f, "the whole tree on %s", run->spec->pivot_old);
}

const Step step_old_root = {
        .name = "old-root",
        .stage = STAGE_OUTER,
        .wanted = wants_old,
        .apply = apply_old,
        .explain = explain_old,
};
