/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The control group that the leader is born in, and then the root of what it
 * sees of the hierarchy. In a unit of our own we split it in two, as those who
 * are delegated a tree must: processes are in its leaves only. A leader for
 * which somebody makes a scope is born where we are, and moved then: see the
 * steps register and scope. */

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/host.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/mount.h"
#include "lib/scope/limit.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"
#include "runtime/wishes.h"

#define STANDALONE_SLICE "/machine.slice"

/* What those who are killed may take to be gone. */
#define KILLED_USEC USEC_PER_SEC

/* Each for itself: those that are not to be had do not keep the others away. */
static void enable_controllers(const char *path) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_free_ char *list = NULL;

        if (cgroup_read(path, "cgroup.controllers", &list) < 0 || strv_split(list, " \n", &names) < 0)
                return;

        for (char **name = names; name && *name; name++) {
                _cleanup_free_ char *word = NULL;

                if (text_printf(&word, "+%s", *name) >= 0)
                        (void) cgroup_write(path, "cgroup.subtree_control", word);
        }
}

static int split_unit(Run *run) {
        _cleanup_free_ char *own = NULL, *unit = NULL, *supervisor = NULL;
        int r;

        r = cgroup_of_process(0, &own);
        if (r < 0)
                return r;

        r = cgroup_unit_path(own, &unit);
        if (r < 0)
                return r;

        r = text_printf(&supervisor, "%s/supervisor", unit);
        if (r < 0)
                return r;

        if (!streq(own, supervisor)) {
                r = cgroup_make(supervisor);
                if (r < 0)
                        return r;

                r = cgroup_attach(supervisor, 0);
                if (r < 0)
                        return r;
        }

        enable_controllers(unit);
        return text_printf(&run->cgroup, "%s/payload", unit);
}

/* The unit that we are in, if systemd has left its tree to us (Delegate=yes). */
static int find_delegated(char **ret) {
        _cleanup_free_ char *own = NULL, *unit = NULL, *path = NULL;
        char value[2] = "";
        int r;

        r = cgroup_of_process(0, &own);
        if (r < 0)
                return r;

        r = cgroup_unit_path(own, &unit);
        if (r < 0)
                return r;

        r = text_printf(&path, "%s%s", cgroup_mount_point(), unit);
        if (r < 0)
                return r;

        if (getxattr(path, "trusted.delegate", value, sizeof(value)) != 1 || value[0] != '1')
                return -ENXIO;

        *ret = TAKE_PTR(unit);
        return 0;
}

/* Not in a unit of the machine's own: below our own if that is ours to divide,
 * in the slice if nobody else looks after it. Otherwise there is no name here. */
static int name_scope(Run *run) {
        _cleanup_free_ char *scope = NULL, *unit = NULL;
        int r;

        if (host_has_systemd() && find_delegated(&unit) < 0)
                return 0;

        r = machine_scope_name(run->spec->machine, &scope);
        if (r < 0)
                return r;

        r = text_printf(&run->cgroup, "%s/%s", unit ?: STANDALONE_SLICE, scope);
        if (r < 0)
                return r;

        r = cgroup_is_populated(run->cgroup);
        if (r < 0)
                return r;

        return r > 0 ? -E_MACHINE_EXISTS : 0;
}

/* The kernel refuses unless it is empty: other machines may be in it. */
static void remove_slice(void) {
        _cleanup_free_ char *path = NULL;

        if (text_printf(&path, "%s" STANDALONE_SLICE, cgroup_mount_point()) >= 0)
                (void) rmdir(path);
}

/* The machine's own have gone with its PID 1, but some may be there that are in the group only. */
static void undo(void *subject) {
        Run *run = subject;

        if (!run->cgroup)
                return;

        (void) cgroup_kill_all(run->cgroup);
        (void) cgroup_wait_empty(run->cgroup, KILLED_USEC);
        (void) cgroup_remove(run->cgroup);
        if (startswith(run->cgroup, STANDALONE_SLICE "/") && !host_has_systemd())
                remove_slice();
}

/* Where systemd makes a scope it keeps them; here nobody else does. */
static int limit(Run *run) {
        _cleanup_(properties_done) Properties wishes = {};
        int r;

        r = wishes_new(run->spec, true, &wishes);
        if (r < 0 || wishes.n == 0)
                return r;

        if (startswith(run->cgroup, STANDALONE_SLICE "/")) {
                enable_controllers("/");
                enable_controllers(STANDALONE_SLICE);
        }

        run_set_object(run, "%s", run->cgroup);
        return limits_apply(run->cgroup, &wishes);
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = run->spec->keep_unit ? split_unit(run) : name_scope(run);
        if (r < 0 || !run->cgroup)
                return r;

        r = cgroup_make(run->cgroup);
        if (r < 0)
                return r;

        r = limit(run);
        if (r >= 0)
                r = run->cgroup_fd = cgroup_open(run->cgroup);
        if (r < 0)
                undo(run);

        return MIN(r, 0);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->keep_unit || !run_is_registered(run);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;
        _cleanup_free_ char *scope = NULL;

        if (run->spec->keep_unit)
                (void) fputs("payload, in our own unit", f);
        else if (machine_scope_name(run->spec->machine, &scope) >= 0)
                (void) fprintf(f, "%s, where that is ours to make", scope);
}

const Step step_cgroup = {
        .name = "cgroup",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply,
        .undo = undo,
        .explain = explain,
};

/* systemd-nsresourced 262 lets nobody make any whom it lends users. Without them systemd ends, and says
 * so where nobody reads it. */
static int try_to_make(Run *run, int fd) {
        static const char name[] = "berth-try";

        if (run->spec->private_users != USERS_MANAGED || !run->init || !endswith(run->init, "/systemd"))
                return 0;

        run_set_object(run, "no control groups can be made, which systemd needs: systemd-nsresourced lets "
                       "nobody whom it lends users");
        if (mkdirat(fd, name, 0755) < 0)
                return errno == EPERM ? -errno : 0;

        (void) unlinkat(fd, name, AT_REMOVEDIR);
        return 0;
}

/* A cgroup namespace begins where its creator is at that moment, so this waits
 * until the leader is where it will stay. (CLONE_NEWCGROUP would begin where
 * our parent is.) */
static int apply_namespace(void *subject) {
        Run *run = subject;
        _cleanup_close_ int fd = -EBADF;

        if (unshare(CLONE_NEWCGROUP) < 0)
                return -errno;

        fd = guest_mount_at(run, "cgroup2", NULL, MOUNT_ATTR_HARMLESS, run->sys_fd, "fs/cgroup");
        return fd < 0 ? fd : try_to_make(run, fd);
}

static void explain_namespace(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/sys/fs/cgroup", f);
}

const Step step_cgroup_namespace = {
        .name = "cgroup-namespace",
        .stage = STAGE_INNER,
        .apply = apply_namespace,
        .explain = explain_namespace,
};
