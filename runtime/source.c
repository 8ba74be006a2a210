/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>

#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "runtime/cleanup.h"
#include "runtime/source.h"

int source_open_of_image(const Run *run, const char *path, int flags) {
        _cleanup_close_ int image_fd = -EBADF;

        assert(run);

        /* That would be the host, not what is laid over it. */
        if (run->of_host)
                return -E_UNSAFE_PATH;

        image_fd = open(run->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return image_fd < 0 ? -errno : beneath_open(image_fd, path, flags, 0);
}

int source_make_temporary(Run *run, const char *place) {
        _cleanup_free_ char *path = NULL;
        int fd, r;

        assert(run);

        r = text_printf(&path, "%s/" CLEANUP_NAME(CLEANUP_TEMPORARY) ".XXXXXX", place, run->spec->machine,
                        (int) getpid());
        if (r < 0)
                return r;
        if (!mkdtemp(path))
                return -errno;

        r = strv_push(&run->temporaries, path);
        if (r < 0) {
                (void) rmdir(path);
                return r;
        }

        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}
