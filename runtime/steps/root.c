/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The root directory: found and opened on the host, then made the mount that
 * all others of the guest attach to. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/base/fault.h"
#include "lib/base/file.h"
#include "lib/kernel/mount.h"
#include "lib/spec/image.h"
#include "runtime/place.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int is_host_root(int fd) {
        struct stat st, host;

        if (fstat(fd, &st) < 0 || stat("/", &host) < 0)
                return -errno;

        return st.st_dev == host.st_dev && st.st_ino == host.st_ino;
}

/* A directory of the tree, and what is mounted below, in the place of the whole. Found
 * by the tree's path: older kernels clone no part of what is detached. */
static int take_directory(Run *run) {
        _cleanup_close_ int tree_fd = -EBADF, directory_fd = -EBADF;

        run_set_object(run, "%s", run->spec->pivot_new);
        tree_fd = open(run->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (tree_fd < 0)
                return -errno;

        directory_fd = beneath_open(tree_fd, run->spec->pivot_new, O_PATH | O_DIRECTORY, 0);
        if (directory_fd < 0)
                return directory_fd;

        run->image_fd = run->root_fd;
        run->root_fd = mount_clone(directory_fd, "", true);
        return run->root_fd < 0 ? run->root_fd : mount_set_propagation(run->root_fd, MS_SLAVE);
}

/* Inits that are not made for containers end with mount -o remount,ro /. Done by the host's root in a
 * container, that is the whole file system, for the host as well: unless somebody is writing to it. By
 * the host's mount, as nobody may be writing to the guest's when it is mapped or made read-only. File
 * systems that know no files without a name have no such protection. */
static void keep_writable(Run *run, int directory_fd) {
        if (run->spec->private_users == USERS_OF_HOST || run->spec->users_optional)
                run->writer_fd = openat(directory_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0);
}

/* Neither what is mounted below, as /run and /proc, nor what will be. But a system has a /usr, which
 * may be a file system of its own. */
static int clone_host(Run *run, int directory_fd) {
        _cleanup_close_ int usr_fd = -EBADF;
        int r;

        if (!spec_discards_changes(run->spec))
                return -EBUSY;
        if (run->spec->private_users == USERS_MANAGED)
                return -EOPNOTSUPP;

        run->of_host = true;
        run->root_fd = mount_clone(directory_fd, "", false);
        if (run->root_fd < 0)
                return run->root_fd;

        r = mount_set_propagation(run->root_fd, MS_PRIVATE);
        if (r < 0)
                return r;

        usr_fd = beneath_open(directory_fd, "/usr", O_PATH | O_DIRECTORY, 0);
        if (usr_fd < 0)
                return usr_fd;
        if (run->spec->volatile_mode != VOLATILE_YES && !mount_is_root(usr_fd))
                return 0;

        run->usr_fd = mount_clone(usr_fd, "", false);
        return run->usr_fd < 0 ? run->usr_fd : mount_set_propagation(run->usr_fd, MS_PRIVATE);
}

/* What is cloned here is looked up this once: whatever the path leads to
 * afterwards, the guest gets this directory. */
static int clone_tree(Run *run) {
        _cleanup_close_ int directory_fd = -EBADF;
        int r;

        directory_fd = open(run->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (directory_fd < 0)
                return -errno;

        r = is_host_root(directory_fd);
        if (r != 0)
                return r < 0 ? r : clone_host(run, directory_fd);

        run->root_fd = mount_clone(directory_fd, "", true);
        if (run->root_fd < 0)
                return run->root_fd;

        keep_writable(run, directory_fd);

        /* It would tell the host of each mount inside otherwise. */
        return mount_set_propagation(run->root_fd, MS_SLAVE);
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        if (run->spec->directory) {
                run->root_path = strdup(run->spec->directory);
                r = run->root_path ? 0 : -ENOMEM;
        } else
                r = image_find(run->spec->machine, &run->root_path);
        if (r < 0)
                return r;

        r = clone_tree(run);
        if (r >= 0)
                r = directory_make(RUN_PLACE, 0755);

        return r < 0 || !run->spec->pivot_new ? r : take_directory(run);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->directory ?: run->spec->machine, f);
        if (run->spec->pivot_new)
                (void) fprintf(f, ", of which %s", run->spec->pivot_new);
}

const Step step_root = {
        .name = "root",
        .stage = STAGE_HOST,
        .apply = apply,
        .explain = explain,
};

/* Of the two things to say of a machine that is started twice, the one that helps. */
static bool runs_already(const char *machine) {
        _cleanup_close_ int fd = place_take(machine);

        if (fd >= 0)
                place_remove(machine, fd);

        return fd == -E_MACHINE_EXISTS;
}

/* Not undone: a machine that reboots keeps it, and all others leave it when nobody is inside any more. */
static int apply_lock(void *subject) {
        Run *run = subject;
        int tree_fd = run->image_fd >= 0 ? run->image_fd : run->root_fd;
        int r;

        /* The host's own is not locked, by systemd neither: the host is there, and writes to it. */
        if (run->of_host || tree_lock_is_held(run->lock))
                return 0;

        run_set_object(run, "%s", run->root_path);
        r = tree_lock_take(run->root_path, tree_fd, spec_shares_tree(run->spec), run->lock);
        return r == -E_TREE_BUSY && runs_already(run->spec->machine) ? -E_MACHINE_EXISTS : r;
}

static bool wants_lock(const void *subject) {
        const Run *run = subject;

        return !run->spec->unlocked && !spec_is_of_host(run->spec);
}

static void explain_lock(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(spec_shares_tree(run->spec) ? "with others who only read the tree" : "alone", f);
}

const Step step_lock = {
        .name = "lock",
        .stage = STAGE_HOST,
        .wanted = wants_lock,
        .apply = apply_lock,
        .explain = explain_lock,
};

/* The directories that API file systems go to; missing ones are made while the
 * tree can still be written to. */
static int make_top_directories(const Run *run) {
        static const char *const names[] = { "dev", "proc", "run", "sys", "tmp" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (mkdirat(run->root_fd, names[i], streq(names[i], "tmp") ? 01777 : 0755) < 0 &&
                    errno != EEXIST && errno != EROFS)
                        return -errno;

        return 0;
}

static int attach_tree(const Run *run) {
        _cleanup_close_ int host_fd = -EBADF, place_fd = -EBADF;
        int r;

        host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (host_fd < 0)
                return -errno;

        r = mount_set_propagation(host_fd, MS_SLAVE);
        if (r < 0)
                return r;

        place_fd = open(RUN_PLACE, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (place_fd < 0)
                return -errno;

        return mount_attach(run->root_fd, place_fd);
}

static int apply_tree(void *subject) {
        Run *run = subject;
        int r;

        r = attach_tree(run);
        if (r < 0)
                return r;

        r = make_top_directories(run);
        if (r < 0)
                return r;

        if (!run->spec->read_only || fault_skips("read-only", "/"))
                return 0;

        return mount_set_attributes(run->root_fd, MOUNT_ATTR_RDONLY, true);
}

static void explain_tree(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->read_only ? "/ read-only" : "/", f);
}

const Step step_tree = {
        .name = "tree",
        .stage = STAGE_OUTER,
        .apply = apply_tree,
        .explain = explain_tree,
};
