/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/stat.h>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/spec/image.h"

/* The first one goes before all others. */
static const char *const search_table[] = {
        "/etc/machines",
        "/run/machines",
        IMAGE_DIRECTORY,
        "/var/lib/container",
        "/usr/local/lib/machines",
        "/usr/lib/machines",
};

int image_find(const char *name, char **ret) {
        struct stat st;
        int r;

        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(search_table); i++) {
                _cleanup_free_ char *path = NULL;

                r = text_printf(&path, "%s/%s", search_table[i], name);
                if (r < 0)
                        return r;

                if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                        continue;

                if (ret)
                        *ret = TAKE_PTR(path);
                return 0;
        }

        return -E_NO_SUCH_IMAGE;
}

int image_find_place(const char *name, char **ret) {
        int r;

        assert(ret);

        r = image_find(name, ret);
        if (r >= 0 || r == -ENOMEM)
                return r;

        return text_printf(ret, IMAGE_DIRECTORY "/%s", name);
}
