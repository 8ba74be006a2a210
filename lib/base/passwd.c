/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/passwd.h"
#include "lib/base/beneath.h"
#include "lib/base/text.h"

#define FILE_MAX ((size_t) 4 * 1024 * 1024)
#define FIELDS_MAX 7

/* As many as setgroups() takes. */
#define GROUPS_MAX 65536

#define ROOT_LINE "root:x:0:0:root:/root:/bin/sh\n"

/* (uid_t) -1 means "leave it" to the kernel. */
#define ID_MAX (UINT32_MAX - 1)

void guest_user_done(GuestUser *user) {
        free(user->name);
        free(user->home);
        free(user->shell);
        free(user->groups);
        *user = (GuestUser) {};
}

/* Copies the next line of @p into @ret and moves @p behind it. Returns 0 at the
 * end of the text. */
static int next_line(const char **p, char **ret) {
        size_t n = strcspn(*p, "\n");
        char *line;

        if (!**p)
                return 0;

        line = strndup(*p, n);
        if (!line)
                return -ENOMEM;

        *p += n + ((*p)[n] == '\n');
        *ret = line;
        return 1;
}

/* Cuts @line at its colons, in place; returns whether there are exactly so many fields. */
static bool cut_fields(char *line, char *fields[FIELDS_MAX], size_t wanted) {
        size_t n = 0;

        for (char *field; (field = strsep(&line, ":"));) {
                if (n >= wanted)
                        return false;
                fields[n++] = field;
        }

        return n == wanted;
}

static bool name_is_valid(const char *name) {
        static const char good[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-$";

        return *name && *name != '-' && !name[strspn(name, good)];
}

static int read_user(char *line, const char *who, GuestUser *ret) {
        _cleanup_(guest_user_done) GuestUser user = {};
        char *fields[FIELDS_MAX];
        unsigned uid, gid, number;

        if (!cut_fields(line, fields, 7) || !name_is_valid(fields[0]))
                return 0;
        if (parse_unsigned(fields[2], ID_MAX, &uid) < 0 || parse_unsigned(fields[3], ID_MAX, &gid) < 0)
                return 0;
        if (!streq(fields[0], who) && (parse_unsigned(who, ID_MAX, &number) < 0 || number != uid))
                return 0;

        user = (GuestUser) {
                .name = strdup(fields[0]),
                .uid = uid,
                .gid = gid,
                .home = strdup(*fields[5] == '/' ? fields[5] : "/"),
                .shell = strdup(*fields[6] == '/' ? fields[6] : "/bin/sh"),
        };
        if (!user.name || !user.home || !user.shell)
                return -ENOMEM;

        *ret = user;
        user = (GuestUser) {};
        return 1;
}

static bool is_member(char *members, const char *name) {
        for (char *member; (member = strsep(&members, ","));)
                if (streq(member, name))
                        return true;

        return false;
}

static int read_groups(const char *text, GuestUser *user) {
        int r;

        for (;;) {
                _cleanup_free_ char *line = NULL;
                char *fields[FIELDS_MAX];
                gid_t *grown;
                unsigned gid;

                r = next_line(&text, &line);
                if (r <= 0)
                        return r;

                if (!cut_fields(line, fields, 4) || parse_unsigned(fields[2], ID_MAX, &gid) < 0)
                        continue;
                if (!is_member(fields[3], user->name) || user->n_groups >= GROUPS_MAX)
                        continue;

                grown = reallocarray(user->groups, user->n_groups + 1, sizeof(gid_t));
                if (!grown)
                        return -ENOMEM;

                user->groups = grown;
                user->groups[user->n_groups++] = gid;
        }
}

int guest_user_parse(const char *passwd, const char *group, const char *who, GuestUser *ret) {
        _cleanup_(guest_user_done) GuestUser user = {};
        int r;

        assert(passwd);
        assert(group);
        assert(who);
        assert(ret);

        do {
                _cleanup_free_ char *line = NULL;

                r = next_line(&passwd, &line);
                if (r < 0)
                        return r;
                if (r == 0)
                        return -ENOENT;

                r = read_user(line, who, &user);
                if (r < 0)
                        return r;
        } while (r == 0);

        r = read_groups(group, &user);
        if (r < 0)
                return r;

        *ret = user;
        user = (GuestUser) {};
        return 0;
}

int guest_table_read(int root_fd, const char *name, char **ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(name);
        assert(ret);

        r = text_printf(&path, "etc/%s", name);
        if (r < 0)
                return r;

        r = beneath_read(root_fd, path, FILE_MAX, ret);
        return r == -ENOENT ? text_printf(ret, "%s", "") : r;
}

static bool line_has(const char *line, const char *name, uint32_t id) {
        size_t length = strcspn(line, ":\n");
        const char *p = line + length;

        if (name && strlen(name) == length && strncmp(line, name, length) == 0)
                return true;

        /* The number is behind the password. */
        if (*p == ':')
                p += 1 + strcspn(p + 1, ":\n");

        return *p == ':' && p[1] >= '0' && p[1] <= '9' && strtoul(p + 1, NULL, 10) == id;
}

bool guest_table_has(const char *text, const char *name, uint32_t id) {
        assert(text);

        while (*text) {
                if (line_has(text, name, id))
                        return true;

                text += strcspn(text, "\n");
                text += *text == '\n';
        }

        return false;
}

int guest_user_read(int root_fd, const char *who, GuestUser *ret) {
        _cleanup_free_ char *passwd = NULL, *group = NULL;
        int r;

        r = beneath_read(root_fd, "etc/passwd", FILE_MAX, &passwd);
        if (r < 0 && r != -ENOENT)
                return r;

        r = guest_table_read(root_fd, "group", &group);
        return r < 0 ? r : guest_user_parse(passwd ?: ROOT_LINE, group, who, ret);
}
