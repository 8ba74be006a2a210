/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "lib/base/text.h"
#include "lib/spec/read.h"
#include "lib/spec/setters.h"

int set_directory(Spec *spec, const char *value) {
        char *path;

        if (!*value)
                return -EINVAL;

        /* Two of these want the file system: where we are, and what links mean.
         * A directory that is not there is found out about later, with a name. */
        path = realpath(value, NULL);
        if (!path && *value == '/')
                path = strdup(value);
        if (!path)
                return errno == ENOMEM ? -ENOMEM : -EINVAL;

        free(spec->directory);
        spec->directory = path;
        return 0;
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
