/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Users of the host, shown inside: each has a number there that systemd sets apart for
 * such users, its home in /run/host/home, and records in /run/host/userdb, by which
 * nss-systemd(8) knows it. The home's files are shown as that user's; nobody inside is
 * the host's user, and nothing but the home is to be had by it. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/passwd.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/guest.h"
#include "runtime/late.h"
#include "runtime/owners.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

#define HOMES RUN_HOST "/home"

/* The machine's own users and groups, whose names and numbers others may not have. */
typedef struct Taken {
        char *passwd;
        char *group;
} Taken;

static void taken_done(Taken *t) {
        free(t->passwd);
        free(t->group);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->bind_users;
}

static int choose_numbers(Run *run, HostUser *user, const Taken *taken, uint32_t *next) {
        while (*next <= BIND_USERS_LAST &&
               (guest_table_has(taken->passwd, NULL, *next) || guest_table_has(taken->group, NULL, *next)))
                (*next)++;
        if (*next > BIND_USERS_LAST)
                return -EUSERS;

        user->inside_uid = user->inside_gid = (*next)++;

        for (const HostUser *u = run->bind_users; u < user; u++)
                if (u->gid == user->gid) {
                        user->inside_gid = u->inside_gid;
                        user->shares_group = true;
                        return 0;
                }

        return 0;
}

static int check_names(Run *run, const HostUser *user, const Taken *taken) {
        if (guest_table_has(taken->passwd, user->name, UINT32_MAX)) {
                run_set_object(run, "%s, who is a user of the machine already", user->name);
                return -EEXIST;
        }

        if (guest_table_has(taken->group, user->group, UINT32_MAX)) {
                run_set_object(run, "%s, whose group %s is one of the machine already",
                               user->name, user->group);
                return -EEXIST;
        }

        return 0;
}

/* Users who could have any directory shown would need no more than a link in its place. */
static int open_home(Run *run, HostUser *user) {
        struct stat st;
        int r;

        run_set_object(run, "%s of %s", user->home, user->name);
        if (!path_is_normalized(user->home))
                return -EINVAL;

        user->home_fd = mount_clone(AT_FDCWD, user->home, true);
        if (user->home_fd < 0)
                return user->home_fd;
        if (fstat(user->home_fd, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;
        if (st.st_uid != user->uid) {
                run_set_object(run, "%s, which does not belong to %s", user->home, user->name);
                return -EPERM;
        }

        r = mount_set_propagation(user->home_fd, MS_SLAVE);
        if (r >= 0)
                r = mount_set_attributes(user->home_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, true);

        return r < 0 ? r : owners_map_user(run, user);
}

static int prepare(Run *run, HostUser *user, const char *name, const Taken *taken, uint32_t *next) {
        int r;

        run_set_object(run, "%s", name);
        r = host_user_find(name, user);
        if (r >= 0)
                r = check_names(run, user, taken);
        if (r >= 0)
                r = choose_numbers(run, user, taken, next);

        return r < 0 ? r : open_home(run, user);
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_(taken_done) Taken taken = {};
        uint32_t next = BIND_USERS_FIRST;
        int r;

        if (!run_has_users(run)) {
                run_set_object(run, "there are no user namespaces");
                return -EOPNOTSUPP;
        }

        r = late_load(run); /* it writes their records */
        if (r >= 0)
                r = guest_table_read(run->root_fd, "passwd", &taken.passwd);
        if (r >= 0)
                r = guest_table_read(run->root_fd, "group", &taken.group);
        if (r < 0)
                return r;

        run->bind_users = calloc(strv_length(run->spec->bind_users), sizeof(*run->bind_users));
        if (!run->bind_users)
                return -ENOMEM;

        for (char **name = run->spec->bind_users; *name; name++) {
                HostUser *user = &run->bind_users[run->n_bind_users++];

                user->home_fd = -EBADF;
                r = prepare(run, user, *name, &taken, &next);
                if (r < 0)
                        return r;
        }

        return 0;
}

static void explain(const void *subject, FILE *f) {
        static const char *const shells[] = {
                [BIND_SHELL_UNSAID] = "",
                [BIND_SHELL_OF_MACHINE] = "",
                [BIND_SHELL_OF_HOST] = ", with their shells",
                [BIND_SHELL_GIVEN] = ", with ",
        };
        const Run *run = subject;
        _cleanup_free_ char *names = NULL, *groups = NULL;

        (void) strv_join(run->spec->bind_users, ", ", &names);
        (void) strv_join(run->spec->bind_groups, ", ", &groups);
        (void) fprintf(f, "%s%s%s", names, shells[run->spec->bind_shell_mode], run->spec->bind_shell ?: "");
        if (run->spec->bind_groups)
                (void) fprintf(f, ", in %s", groups);
}

const Step step_bind_users = {
        .name = "bind-users",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};

static int attach_home(const HostUser *user, int homes_fd) {
        int r;

        r = guest_make_directory(homes_fd, user->name, 0755);
        return r < 0 ? r : guest_attach_at(user->home_fd, homes_fd, user->name);
}

static const char *shell_of(const Spec *spec, const HostUser *user) {
        switch (spec->bind_shell_mode) {
        case BIND_SHELL_OF_HOST:
                return isempty(user->shell) ? NULL : user->shell;
        case BIND_SHELL_GIVEN:
                return spec->bind_shell;
        default:
                return NULL;
        }
}

/* By its name, and by a link that is its number. */
static int write_record(int userdb_fd, const char *name, uint32_t id, const char *kind, mode_t mode,
                        const char *text) {
        _cleanup_free_ char *file = NULL, *link = NULL;
        int r;

        r = text_printf(&file, "%s.%s", name, kind);
        if (r >= 0)
                r = text_printf(&link, "%u.%s", id, kind);
        if (r >= 0)
                r = guest_write_file(userdb_fd, file, mode, text);
        if (r < 0)
                return r;

        return symlinkat(file, userdb_fd, link) < 0 ? -errno : 0;
}

static int write_user(const Run *run, const HostUser *user, int userdb_fd) {
        _cleanup_free_ char *home = NULL, *text = NULL, *secret = NULL;
        UserRecord record = {
                .name = user->name,
                .uid = user->inside_uid,
                .gid = user->inside_gid,
                .real_name = isempty(user->real_name) ? NULL : user->real_name,
                .shell = shell_of(run->spec, user),
                .groups = run->spec->bind_groups,
        };
        int r;

        r = text_printf(&home, HOMES "/%s", user->name);
        if (r < 0)
                return r;

        record.home = home;
        r = run->late->format_user(&record, &text);
        if (r >= 0)
                r = write_record(userdb_fd, user->name, user->inside_uid, "user", 0644, text);
        if (r < 0 || !user->password)
                return r;

        r = run->late->format_user_secret(user->password, &secret);
        if (r < 0)
                return r;

        return write_record(userdb_fd, user->name, user->inside_uid, "user-privileged", 0600, secret);
}

static int write_group(const Run *run, const HostUser *user, int userdb_fd) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (user->shares_group)
                return 0;

        r = run->late->format_group(user->group, user->inside_gid, &text);
        return r < 0 ? r : write_record(userdb_fd, user->group, user->inside_gid, "group", 0644, text);
}

/* A file whose name says who belongs where; an empty one would count as taken away. */
static int write_memberships(const Spec *spec, const HostUser *user, int userdb_fd) {
        for (char **group = spec->bind_groups; group && *group; group++) {
                _cleanup_free_ char *file = NULL;
                int r;

                r = text_printf(&file, "%s:%s.membership", user->name, *group);
                if (r >= 0)
                        r = guest_write_file(userdb_fd, file, 0644, "{}\n");
                if (r < 0)
                        return r;
        }

        return 0;
}

static int make_place(const Run *run, const char *name) {
        int r;

        r = guest_make_directory(run->run_host_fd, name, 0755);
        if (r < 0)
                return r;

        r = openat(run->run_host_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return r < 0 ? -errno : r;
}

static int apply_show(void *subject) {
        Run *run = subject;
        _cleanup_close_ int homes_fd = -EBADF, userdb_fd = -EBADF;
        int r;

        homes_fd = make_place(run, "home");
        if (homes_fd < 0)
                return homes_fd;

        userdb_fd = make_place(run, "userdb");
        if (userdb_fd < 0)
                return userdb_fd;

        for (size_t i = 0; i < run->n_bind_users; i++) {
                const HostUser *user = &run->bind_users[i];

                run_set_object(run, "%s", user->name);
                r = attach_home(user, homes_fd);
                if (r >= 0)
                        r = write_group(run, user, userdb_fd);
                if (r >= 0)
                        r = write_user(run, user, userdb_fd);
                if (r >= 0)
                        r = write_memberships(run->spec, user, userdb_fd);
                if (r < 0)
                        return r;
        }

        return 0;
}

static void explain_show(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs(HOMES ", " RUN_HOST "/userdb", f);
}

const Step step_show_users = {
        .name = "show-users",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply_show,
        .explain = explain_show,
};
