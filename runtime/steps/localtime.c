/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The guest's clock shows what the host's does, if the guest knows the zone. */

#include <fcntl.h>
#include <limits.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

#define ZONE_SIZE_MAX (64 * 1024)

#define LOCALTIME "/etc/localtime"
#define ZONEINFO "/usr/share/zoneinfo/"

static int host_zone(char **ret) {
        char target[PATH_MAX];
        const char *zone;
        ssize_t n;

        n = readlink(LOCALTIME, target, sizeof(target) - 1);
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

        etc_fd = beneath_open_parent(root_fd, LOCALTIME, &base);
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

static int make_link(const Run *run) {
        _cleanup_free_ char *zone = NULL, *target = NULL;
        _cleanup_close_ int zone_fd = -EBADF;
        int r;

        if (host_zone(&zone) < 0)
                return -ENOENT;

        r = text_printf(&target, ".." ZONEINFO "%s", zone);
        if (r < 0)
                return r;

        zone_fd = beneath_open(run->root_fd, target + strlen(".."), O_PATH, 0);
        if (zone_fd < 0)
                return zone_fd;

        return replace_link(run->root_fd, target);
}

static int copy(const Run *run) {
        _cleanup_close_ int etc_fd = -EBADF, from = -EBADF, to = -EBADF;
        _cleanup_free_ char *data = NULL;
        const char *base;
        size_t size;
        int r;

        from = open(LOCALTIME, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (from < 0)
                return -errno;

        r = fd_read_all(from, ZONE_SIZE_MAX, &data, &size);
        if (r < 0)
                return r;

        etc_fd = beneath_open_parent(run->root_fd, LOCALTIME, &base);
        if (etc_fd < 0)
                return etc_fd;

        (void) unlinkat(etc_fd, base, 0);
        to = openat(etc_fd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        return to < 0 ? -errno : fd_write_all(to, data, size);
}

static int apply(void *subject) {
        const Run *run = subject;

        switch (run->spec->timezone) {
        case TIMEZONE_SYMLINK:
                return make_link(run);

        case TIMEZONE_COPY:
                return copy(run);

        case TIMEZONE_BIND:
                return guest_bind_file(run, LOCALTIME, LOCALTIME);

        case TIMEZONE_DELETE:
                return guest_remove_file(run, LOCALTIME);

        default: /* a wrong clock is no reason not to start */
                (void) make_link(run);
                return 0;
        }
}

static bool wanted(const void *subject) {
        const Run *run = subject;
        Timezone mode = run->spec->timezone;

        return mode == TIMEZONE_AUTO ? !run->spec->read_only : mode != TIMEZONE_OFF;
}

static void explain(const void *subject, FILE *f) {
        static const char *const modes[] = {
                [TIMEZONE_AUTO] = "/etc/localtime, if the guest has the host's zone",
                [TIMEZONE_OFF] = "",
                [TIMEZONE_COPY] = "/etc/localtime, a copy of the host's",
                [TIMEZONE_BIND] = "/etc/localtime, the host's, bound",
                [TIMEZONE_SYMLINK] = "/etc/localtime, a link to the host's zone",
                [TIMEZONE_DELETE] = "no /etc/localtime",
        };
        const Run *run = subject;

        (void) fputs(modes[run->spec->timezone], f);
}

const Step step_localtime = {
        .name = "localtime",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
