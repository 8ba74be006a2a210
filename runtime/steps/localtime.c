/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The guest's clock shows what the host's does, if the guest knows the zone. */

#include <fcntl.h>
#include <limits.h>

#include "lib/base/beneath.h"
#include "lib/base/text.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

#define ZONEINFO "/usr/share/zoneinfo/"

static int host_zone(char **ret) {
        char target[PATH_MAX];
        const char *zone;
        ssize_t n;

        n = readlink("/etc/localtime", target, sizeof(target) - 1);
        if (n < 0)
                return -errno;

        target[n] = '\0';
        zone = strstr(target, "/zoneinfo/");
        if (!zone || strstr(zone, ".."))
                return -ENOENT;

        return text_printf(ret, "%s", zone + strlen("/zoneinfo/"));
}

static int replace_link(int root_fd, const char *target) {
        static const char temporary[] = ".#localtime";
        _cleanup_close_ int etc_fd = -EBADF;
        char old[PATH_MAX];
        const char *base;
        ssize_t n;

        etc_fd = beneath_open_parent(root_fd, "/etc/localtime", &base);
        if (etc_fd < 0)
                return etc_fd;

        n = readlinkat(etc_fd, base, old, sizeof(old) - 1);
        if (n >= 0 && strlen(target) == (size_t) n && memcmp(old, target, (size_t) n) == 0)
                return 0;

        (void) unlinkat(etc_fd, temporary, 0);
        if (symlinkat(target, etc_fd, temporary) < 0)
                return -errno;

        return renameat(etc_fd, temporary, etc_fd, base) < 0 ? -errno : 0;
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_free_ char *zone = NULL, *target = NULL;
        _cleanup_close_ int zone_fd = -EBADF;
        int r;

        if (host_zone(&zone) < 0)
                return 0;

        r = text_printf(&target, ".." ZONEINFO "%s", zone);
        if (r < 0)
                return r;

        zone_fd = beneath_open(run->root_fd, target + strlen(".."), O_PATH, 0);
        if (zone_fd < 0)
                return 0;

        /* A wrong clock is no reason not to start. */
        (void) replace_link(run->root_fd, target);
        return 0;
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return !run->spec->read_only;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/etc/localtime, if the guest has the host's zone", f);
}

const Step step_localtime = {
        .name = "localtime",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
