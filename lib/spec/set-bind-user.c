/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/spec/setters.h"

/* A name that is a number would be the file of another user. */
static int add_name(char ***list, size_t max, const char *name) {
        if (!user_name_is_valid(name) || name[strspn(name, "0123456789")] == '\0')
                return -EINVAL;
        if (strv_contains(*list, name))
                return 0;
        if (strv_length(*list) >= max)
                return -E2BIG;

        return strv_push(list, name);
}

int set_bind_user(Spec *spec, const char *value) {
        if (streq(value, "root") || streq(value, "nobody"))
                return -EINVAL;

        return add_name(&spec->bind_users, BIND_USERS_MAX, value);
}

int set_bind_user_group(Spec *spec, const char *value) {
        return add_name(&spec->bind_groups, BIND_GROUPS_MAX, value);
}

/* A boolean, or the shell itself. */
int set_bind_user_shell(Spec *spec, const char *value) {
        _cleanup_free_ char *copy = NULL;
        int yes = parse_boolean(value);

        if (yes < 0) {
                if (!path_is_normalized(value) || !text_is_printable(value))
                        return -EINVAL;

                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }

        free(spec->bind_shell);
        spec->bind_shell = TAKE_PTR(copy);
        if (yes < 0)
                spec->bind_shell_mode = BIND_SHELL_GIVEN;
        else
                spec->bind_shell_mode = yes ? BIND_SHELL_OF_HOST : BIND_SHELL_OF_MACHINE;
        return 0;
}
