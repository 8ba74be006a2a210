/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "lib/base/text.h"
#include "lib/spec/read.h"
#include "lib/spec/setters.h"

/* Two of these want the file system: where we are, and what links mean.
 * A directory that is not there is found out about later, with a name. */
static int set_path(char **to, const char *value) {
        char *path;
        int r;

        if (!*value)
                return -EINVAL;

        path = realpath(value, NULL);
        if (!path) {
                r = spec_read_path(value, &path);
                if (r < 0)
                        return r == -ENOMEM ? r : -EINVAL;
        }

        free(*to);
        *to = path;
        return 0;
}

int set_directory(Spec *spec, const char *value) {
        return set_path(&spec->directory, value);
}

int set_template(Spec *spec, const char *value) {
        return set_path(&spec->template, value);
}

static bool is_inside(const char *path) {
        return path_is_normalized(path) && !streq(path, "/");
}

/* NEW[:OLD] */
int set_pivot_root(Spec *spec, const char *value) {
        _cleanup_(strv_freep) char **fields = NULL;
        int r;

        r = spec_read_fields(value, 2, &fields);
        if (r < 0)
                return r;
        if (!is_inside(fields[0]) || (fields[1] && !is_inside(fields[1])))
                return -EINVAL;

        free(spec->pivot_new);
        free(spec->pivot_old);
        spec->pivot_new = TAKE_PTR(fields[0]);
        spec->pivot_old = TAKE_PTR(fields[1]);
        return 0;
}
