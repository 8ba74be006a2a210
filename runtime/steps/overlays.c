/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What --overlay= and --overlay-ro= lay over each other. */

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "runtime/cleanup.h"
#include "runtime/overlay-users.h"
#include "runtime/overlay.h"
#include "runtime/run.h"
#include "runtime/source.h"
#include "runtime/steps/steps.h"

typedef struct Layers {
        int *fds;               /* the lower ones, the topmost first */
        size_t n;
        int upper_fd;           /* or negative */
        int work_fd;
} Layers;

static void layers_done(Layers *l) {
        for (size_t i = 0; i < l->n; i++)
                closep(&l->fds[i]);
        free(l->fds);
        closep(&l->upper_fd);
        closep(&l->work_fd);
}

static int open_layer(Run *run, const char *layer) {
        int fd;

        run_set_object(run, "%s", layer);
        if (*layer == '+')
                return source_open_of_image(run, layer + 1, O_RDONLY | O_DIRECTORY);

        fd = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* The kernel wants an empty directory on the same file system. */
static int make_work(Run *run, Layers *l) {
        char upper[PATH_MAX], link[FD_PATH_MAX];
        ssize_t n;

        n = readlink(fd_path(l->upper_fd, link), upper, sizeof(upper) - 1);
        if (n < 0)
                return -errno;

        upper[n] = '\0';
        *strrchr(upper, '/') = '\0';
        l->work_fd = source_make_temporary(run, upper);
        return MIN(l->work_fd, 0);
}

static int open_upper(Run *run, Layers *l, const char *layer) {
        _cleanup_close_ int fd = -EBADF;

        if (*layer) {
                l->upper_fd = open_layer(run, layer);
                return l->upper_fd < 0 ? l->upper_fd : make_work(run, l);
        }

        run_set_object(run, CLEANUP_TEMPORARY_PLACE);
        fd = source_make_temporary(run, CLEANUP_TEMPORARY_PLACE);
        return fd < 0 ? fd : overlay_make_directories(fd, l->fds[0], &l->upper_fd, &l->work_fd);
}

static int open_lower(Run *run, Layers *l, char *const *layers, size_t n) {
        l->fds = malloc(sizeof(int) * MAX(n, (size_t) 1));
        if (!l->fds)
                return -ENOMEM;

        /* The kernel wants the topmost first. */
        for (; l->n < n; l->n++) {
                l->fds[l->n] = open_layer(run, layers[n - 1 - l->n]);
                if (l->fds[l->n] < 0)
                        return l->fds[l->n];
        }

        return 0;
}

int overlay_open(Run *run, const SpecMount *m) {
        _cleanup_(layers_done) Layers l = { .upper_fd = -EBADF, .work_fd = -EBADF };
        size_t n = strv_length(m->layers);
        int r;

        r = open_lower(run, &l, m->layers, n - !m->read_only);
        if (r >= 0 && !m->read_only)
                r = open_upper(run, &l, m->layers[n - 1]);
        if (r < 0)
                return r;

        run_set_object(run, "%s", m->target);
        if (overlay_users_wanted(run))
                return overlay_new_mapped(run, l.fds, l.n, l.upper_fd, l.work_fd);

        return overlay_new(false, l.fds, l.n, l.upper_fd, l.work_fd);
}
