/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the environment of its PID 1 says: items 13 to 17. */

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>

#include "client/check/item.h"
#include "lib/base/beneath.h"
#include "lib/base/envfile.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define OS_RELEASE_SIZE_MAX (64 * 1024)
#define CONTAINER_NAME_MAX 32

static bool is_short_name(const char *s) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

        return *s && strlen(s) <= CONTAINER_NAME_MAX && s[strspn(s, letters)] == '\0';
}

/* False if that is all that can be said. */
static bool get_variable(const Subject *s, const char *name, Answer *a, char **ret) {
        int r;

        r = subject_variable(s, name, ret);
        if (r < 0)
                answer_error(a, "environment", r);
        return r >= 0;
}

static void look_container(const Subject *s, Answer *a) {
        _cleanup_free_ char *value = NULL;

        if (!get_variable(s, "container", a, &value))
                return;
        if (!value)
                return answer_fail(a, "not set");

        answer_if(a, is_short_name(value), "container=%s", value);
}

/* As the kernel of the image sees it; the host's own would be nobody's. */
static void look_uuid(const Subject *s, Answer *a) {
        _cleanup_free_ char *value = NULL;
        Id128 id, host, own;

        if (!get_variable(s, "container_uuid", a, &value))
                return;
        if (!value)
                return answer_fail(a, "not set");
        if (id128_parse(value, &id) < 0 || id128_is_null(id))
                return answer_fail(a, "no id: %s", value);
        if (id128_host_machine(&host) >= 0 && id128_equal(id, host))
                return answer_fail(a, "the host's own id: %s", value);

        answer_pass(a, "container_uuid=%s%s", value, id128_read_machine(s->root_fd, &own) < 0 ?
                    "" :
                    id128_equal(id, own) ? ", which is its machine id" : ", but another machine id");
}

/* No link, not the console's: returns a complaint or NULL. */
static const char *check_terminal(const Subject *s, const char *name) {
        char path[64];
        struct stat st, console;

        if (!startswith(name, "pts/"))
                return "is not below pts/";

        (void) snprintf(path, sizeof(path), "/dev/%s", name);
        if (subject_stat(s, path, false, &st) < 0)
                return "is not there";
        if (!S_ISCHR(st.st_mode))
                return "is no terminal";
        if (subject_stat(s, "/dev/console", true, &console) >= 0 && console.st_rdev == st.st_rdev)
                return "is the console";

        return NULL;
}

static void look_ttys(const Subject *s, Answer *a) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_free_ char *value = NULL;
        int r;

        if (!get_variable(s, "container_ttys", a, &value))
                return;
        if (isempty(value))
                return answer_not_applicable(a, "not set: no terminals but the console");

        r = strv_split(value, " ", &names);
        if (r < 0)
                return answer_error(a, "container_ttys", r);

        for (char **name = names; name && *name; name++) {
                const char *complaint = check_terminal(s, *name);

                if (complaint)
                        return answer_fail(a, "%s %s", *name, complaint);
        }

        answer_pass(a, "container_ttys=%s", value);
}

static int read_os_release(char ***ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read("/etc/os-release", OS_RELEASE_SIZE_MAX, &text);
        if (r < 0)
                r = file_read("/usr/lib/os-release", OS_RELEASE_SIZE_MAX, &text);

        return r < 0 ? r : envfile_parse(text, ret);
}

static void look_host(const Subject *s, Answer *a) {
        static const struct {
                const char *field, *variable;
        } table[] = {
                { "ID", "container_host_id" }, { "VERSION_ID", "container_host_version_id" },
                { "BUILD_ID", "container_host_build_id" }, { "VARIANT_ID", "container_host_variant_id" },
        };
        _cleanup_(strv_freep) char **fields = NULL;

        if (read_os_release(&fields) < 0)
                return answer_not_applicable(a, "the host has no os-release");

        answer_pass(a, "as the host's os-release:");
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const char *expected = envfile_get(fields, table[i].field);
                _cleanup_free_ char *value = NULL;

                if (isempty(expected))
                        continue;
                if (!get_variable(s, table[i].variable, a, &value))
                        return;
                if (!streq_ptr(value, expected))
                        return answer_fail(a, "%s is %s, not %s", table[i].variable,
                                           value ? value : "not set", expected);

                answer_add(a, " %s=%s", table[i].variable, value);
        }
}

static void look_credentials(const Subject *s, Answer *a) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *path = NULL;
        struct statfs st;
        int r;

        if (!get_variable(s, "CREDENTIALS_DIRECTORY", a, &path))
                return;
        if (!path)
                return answer_not_applicable(a, "it was given no credentials");
        if (!path_is_normalized(path))
                return answer_fail(a, "not an absolute path: %s", path);

        fd = beneath_open(s->root_fd, path, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return answer_error(a, path, fd);

        r = fstatfs(fd, &st) < 0 ? -errno : subject_is_read_only(s, path);
        if (r < 0)
                return answer_error(a, path, r);

        answer_if(a, r > 0, "%s is %s%s", path, r > 0 ? "read-only" : "writable",
                  st.f_type == RAMFS_MAGIC ? ", a ramfs" : "");
}

const Item environment_items[] = {
        { 13, "container= names the manager", "environ", look_container },
        { 14, "container_uuid= is an id of its own", "environ, machine ids", look_uuid },
        { 15, "container_ttys= are pseudo terminals", "environ, fstat()", look_ttys },
        { 16, "container_host_*= tell of the host", "environ, the host's os-release", look_host },
        { 17, "CREDENTIALS_DIRECTORY= is read-only", "environ, fstatvfs()", look_credentials },
        {}
};
