/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The socket over which the payload tells that it is ready, see sd_notify(3).
 * The supervisor reads it: runtime/notify.h. */

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "runtime/run.h"
#include "runtime/steps/steps.h"

static int apply(void *subject) {
        Run *run = subject;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int one = 1, fd;

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;

        run->guest_fds[GUEST_NOTIFY] = fd;

        /* Before it has a name, so that no message arrives without credentials. */
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
                return -errno;

        /* bind() knows no directory descriptors, but the host's /proc does. */
        (void) snprintf(address.sun_path, sizeof(address.sun_path),
                        "/proc/self/fd/%i/notify", run->run_host_fd);
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        return fchmodat(run->run_host_fd, "notify", 0666, 0) < 0 ? -errno : 0;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/run/host/notify", f);
}

const Step step_notify = {
        .name = "notify",
        .stage = STAGE_OUTER,
        .apply = apply,
        .explain = explain,
};
