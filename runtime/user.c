/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <grp.h>

#include "lib/base/beneath.h"
#include "lib/base/text.h"
#include "runtime/user.h"

#define DATABASE_SIZE_MAX (1024 * 1024)
#define FIELDS_MAX 7

/* The largest id is no user: it means "unchanged" in system calls. */
#define ID_MAX (UINT32_MAX - 1)

/* Cuts a line into fields, in place; returns their number. */
static size_t split_line(char *line, char *fields[static FIELDS_MAX]) {
        size_t n = 0;

        for (char *p = line; p && n < FIELDS_MAX; n++) {
                fields[n] = p;
                p = strchr(p, ':');
                if (p)
                        *p++ = '\0';
        }

        return n;
}

static int copy_string(char **to, const char *value) {
        free(*to);
        *to = strdup(value);
        return *to ? 0 : -ENOMEM;
}

/* Returns 1 if the line is the user's. */
static int read_user(char *line, const char *name, User *user) {
        char *fields[FIELDS_MAX];
        unsigned uid, gid;
        int r;

        if (split_line(line, fields) != FIELDS_MAX)
                return 0;
        if (!streq(fields[0], name) && !streq(fields[2], name))
                return 0;
        if (parse_unsigned(fields[2], ID_MAX, &uid) < 0 || parse_unsigned(fields[3], ID_MAX, &gid) < 0)
                return 0;

        r = copy_string(&user->name, fields[0]);
        if (r >= 0 && *fields[5] == '/')
                r = copy_string(&user->home, fields[5]);
        if (r >= 0 && *fields[6] == '/')
                r = copy_string(&user->shell, fields[6]);
        if (r < 0)
                return r;

        user->uid = uid;
        user->gid = gid;
        return 1;
}

static bool is_member(char *members, const char *name) {
        for (char *p = strtok_r(members, ",", &members); p; p = strtok_r(NULL, ",", &members))
                if (streq(p, name))
                        return true;

        return false;
}

static void read_group(char *line, User *user) {
        char *fields[FIELDS_MAX];
        unsigned gid;

        if (split_line(line, fields) != 4 || user->n_groups >= USER_GROUPS_MAX)
                return;

        if (is_member(fields[3], user->name) && parse_unsigned(fields[2], ID_MAX, &gid) >= 0)
                user->groups[user->n_groups++] = gid;
}

static int find_user(int root_fd, const char *name, User *user) {
        _cleanup_free_ char *text = NULL;
        char *rest;
        int r;

        r = beneath_read(root_fd, "/etc/passwd", DATABASE_SIZE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                r = read_user(line, name, user);
                if (r != 0)
                        return r;
        }

        return 0;
}

static int find_groups(int root_fd, User *user) {
        _cleanup_free_ char *text = NULL;
        char *rest;
        int r;

        r = beneath_read(root_fd, "/etc/group", DATABASE_SIZE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                read_group(line, user);

        return 0;
}

/* Who has no entry: root, and numbers. */
static int make_up(const char *name, User *user) {
        unsigned uid = 0;

        if (!streq(name, "root") && parse_unsigned(name, ID_MAX, &uid) < 0)
                return -ESRCH;

        user->uid = uid;
        user->gid = uid;
        return copy_string(&user->name, name);
}

int user_find(int root_fd, const char *name, User *ret) {
        _cleanup_(user_done) User user = {};
        int r;

        assert(root_fd >= 0);
        assert(name);
        assert(ret);

        r = find_user(root_fd, name, &user);
        if (r == 0)
                r = make_up(name, &user);
        if (r < 0)
                return r;

        if (!user.home)
                r = copy_string(&user.home, user.uid == 0 ? "/root" : "/");
        if (r >= 0)
                r = find_groups(root_fd, &user);
        if (r < 0)
                return r;

        *ret = user;
        user = (User) {};
        return 0;
}

void user_done(User *user) {
        free(user->name);
        free(user->home);
        free(user->shell);
        *user = (User) {};
}

int user_become(const User *user) {
        assert(user);

        if (setgroups(user->n_groups, user->groups) < 0)
                return -errno;
        if (setresgid(user->gid, user->gid, user->gid) < 0)
                return -errno;
        if (setresuid(user->uid, user->uid, user->uid) < 0)
                return -errno;

        return 0;
}
