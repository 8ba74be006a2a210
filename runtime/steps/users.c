/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Users of the machine's own: which of the host's numbers they are, and how the
 * files of its tree become theirs. The range is locked for as long as we live;
 * the user namespace itself is made by start.c, and gone with the leader. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/fsids.h"
#include "lib/kernel/idmap.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/shift.h"
#include "lib/kernel/userns.h"
#include "lib/spec/users.h"
#include "runtime/late.h"
#include "runtime/owners.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static bool has_users(const void *subject) {
        return run_has_users(subject);
}

/* The block that the tree belongs to; trees are made with the host's users, the
 * first block, or shifted by whole ones. */
static int find_block(const Run *run, uint32_t *ret) {
        struct stat st;

        if (fstat(run->root_fd, &st) < 0)
                return -errno;

        *ret = st.st_uid & ~(USERS_BLOCK - 1);
        return 0;
}

static int take_range(Run *run, uint32_t block) {
        const Spec *spec = run->spec;
        int r;

        switch (spec->private_users) {
        case USERS_PICK:
                return uid_range_pick(spec->machine, block, run->range);

        case USERS_OF_TREE:
                run_set_object(run, "%s, which belongs to the host's users", run->root_path);
                if (block == 0 || block == SHIFT_BUSY)
                        return -EINVAL;

                return uid_range_take(block, USERS_BLOCK, run->range);

        case USERS_MANAGED:
                r = late_load(run);
                return r < 0 ? r : run->late->take_managed_range(run, run->range);

        case USERS_CHOSEN:
                run_set_object(run, "%u:%u, of which others have some", spec->users_base, spec->users_count);
                return uid_range_take(spec->users_base, spec->users_count, run->range);

        default:
                run->range->count = spec->users_count; /* as on the host: nobody has them alone */
                return 0;
        }
}

static int map_tree(Run *run, uint32_t block) {
        int r;

        if (block == run->range->base)
                return 0; /* theirs already */

        run_set_object(run, "%s, whose owners cannot be mapped: chown would change them", run->root_path);
        r = owners_map_range(run, run->root_fd, block);
        if (r >= 0 && run->usr_fd >= 0)
                r = owners_map_range(run, run->usr_fd, block);
        if (r < 0)
                return r;

        run->tree_block = block;
        run->tree_is_mapped = true;
        return 0;
}

/* Not under the feet of somebody who runs it with the users that it has. */
static int chown_tree(Run *run, uint32_t block) {
        int r;

        if (block == run->range->base)
                return 0;

        run_set_object(run, "%s, whose users run already", run->root_path);
        r = block == 0 || block == SHIFT_BUSY ? 0 : uid_range_is_held(block, USERS_BLOCK);
        if (r != 0)
                return r < 0 ? r : -EBUSY;

        run_set_object(run, "%s", run->root_path);
        r = shift_tree(run->root_fd, run->range->base);
        return r < 0 ? r : 0;
}

static int own_tree(Run *run, uint32_t block) {
        UsersOwnership ownership = spec_ownership(run->spec);

        if (block == SHIFT_BUSY && ownership != OWNERSHIP_CHOWN) {
                run_set_object(run, "%s, given to others in part: chown would go on",
                               run->root_path);
                return -EUCLEAN;
        }

        switch (ownership) {
        case OWNERSHIP_CHOWN:
                return chown_tree(run, block);

        case OWNERSHIP_FOREIGN:
                if (block != USERS_FOREIGN) {
                        run_set_object(run, "%s, which does not belong to the foreign users",
                                       run->root_path);
                        return -EINVAL;
                }

                return map_tree(run, block);

        case OWNERSHIP_MAP:
        case OWNERSHIP_AUTO:
                return map_tree(run, block);

        default:
                return 0;
        }
}

/* Whether they are users where we are, which may be a machine with users of its own. */
static bool range_is_ours(const UidRange *range) {
        _cleanup_(idmap_done) IdMap map = {};
        _cleanup_free_ char *text = NULL;
        uint32_t id;

        if (file_read("/proc/self/uid_map", 4096, &text) < 0 || idmap_parse(text, &map) < 0)
                return true;

        return idmap_to_outside(&map, range->base, &id) >= 0 &&
               idmap_to_outside(&map, range->base + range->count - 1, &id) >= 0;
}

/* What was wished for is not to be had; the supervisor says so. */
static int do_without(Run *run, const char *why) {
        uid_range_release(run->range);
        run->without_users = why;
        return 0;
}

static int apply(void *subject) {
        Run *run = subject;
        bool optional = run->spec->users_optional;
        uint32_t block = 0;
        int r;

        if (optional && !userns_is_available())
                return do_without(run, "there are no user namespaces");

        r = find_block(run, &block);
        if (r >= 0 && run->range->count == 0)
                r = take_range(run, block); /* a guest that reboots has it still */
        if (r < 0)
                return r;
        if (optional && !range_is_ours(run->range))
                return do_without(run, "we have no users to give away");

        /* A tree of the host's users can be run by these as well; one of others could not. */
        r = own_tree(run, block);
        if (r == -EINVAL && optional && block == 0 && spec_ownership(run->spec) == OWNERSHIP_AUTO)
                return do_without(run, "the tree's file system cannot show its files as theirs");

        return r;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        spec_describe_users(run->spec, f);
}

const Step step_users = {
        .name = "users",
        .stage = STAGE_HOST,
        .wanted = has_users,
        .apply = apply,
        .explain = explain,
};

/* What is made in the tree from here on is the guest's. Where it is mapped, the
 * host's own users could not make anything. */
static int apply_owner(void *subject) {
        Run *run = subject;

        return fsids_lend(run->range->base, run->range->base);
}

static void explain_owner(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("what is made is the guest's root's", f);
}

const Step step_owner = {
        .name = "owner",
        .stage = STAGE_OUTER,
        .wanted = has_users,
        .apply = apply_owner,
        .explain = explain_owner,
};

static int reopen(const Run *run, int *fd, const char *name) {
        int new_fd;

        new_fd = beneath_open(run->root_fd, name, O_PATH | O_DIRECTORY, 0);
        if (new_fd < 0)
                return new_fd;

        closep(fd);
        *fd = new_fd;
        return 0;
}

/* We have a copy of the tree, whose mounts can neither be taken away nor changed
 * from inside: they come from a mount namespace that others own. Its top cannot
 * become our root for that reason, but a clone of it can, which keeps all that. */
static int apply_copy(void *subject) {
        Run *run = subject;
        _cleanup_close_ int tree_fd = -EBADF, clone_fd = -EBADF;
        int r;

        /* Descriptors are of the original; the working directory has come along. */
        tree_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (tree_fd < 0)
                return -errno;

        clone_fd = mount_clone(tree_fd, "", true);
        if (clone_fd < 0)
                return clone_fd;

        r = mount_attach(clone_fd, tree_fd);
        if (r < 0)
                return r;

        closep(&run->root_fd);
        run->root_fd = TAKE_FD(clone_fd);

        r = reopen(run, &run->dev_fd, "dev");
        if (r >= 0)
                r = reopen(run, &run->run_fd, "run");
        if (r >= 0)
                r = reopen(run, &run->run_host_fd, "run/host");
        if (r >= 0 && run->sys_fd >= 0)
                r = reopen(run, &run->sys_fd, "sys");

        return r;
}

static void explain_copy(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("the tree, which the guest cannot take apart", f);
}

const Step step_tree_copy = {
        .name = "tree-copy",
        .stage = STAGE_OWN,
        .wanted = has_users,
        .apply = apply_copy,
        .explain = explain_copy,
};

static int give(int directory_fd, const char *name, uid_t owner) {
        if (fchownat(directory_fd, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
                return -errno;

        return 0;
}

/* The kernel tells which of its files are meant for whom a tree is left to. */
static int apply_cgroup(void *subject) {
        static const char *const fallback = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";
        Run *run = subject;
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_free_ char *path = NULL, *list = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = cgroup_of_process(run->leader, &path);
        if (r < 0)
                return r;

        run_set_object(run, "%s", path);
        fd = cgroup_open(path);
        if (fd < 0)
                return fd;

        r = file_read("/sys/kernel/cgroup/delegate", 4096, &list);
        if (r < 0 && r != -ENOENT)
                return r;

        r = strv_split(list ?: fallback, "\n", &names);
        if (r < 0)
                return r;

        r = give(fd, ".", run->range->base);
        for (char **name = names; r >= 0 && name && *name; name++)
                r = give(fd, *name, run->range->base);

        return r;
}

static void explain_cgroup(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("the leader's, to the guest's root", f);
}

const Step step_cgroup_owner = {
        .name = "cgroup-owner",
        .stage = STAGE_LEADER,
        .wanted = has_users,
        .apply = apply_cgroup,
        .explain = explain_cgroup,
};
