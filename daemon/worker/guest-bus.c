/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/worker/guest-bus.h"
#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/base/file.h"

#define BUS_SOCKET "run/dbus/system_bus_socket"

/* What its systemd may take to answer: it may be busy with booting. */
#define CALL_USEC (15 * USEC_PER_SEC)

/* By descriptor, as the way there may be full of links. */
static int connect_beneath(int root_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int path_fd = -EBADF, fd = -EBADF;

        path_fd = beneath_open(root_fd, BUS_SOCKET, O_PATH, 0);
        if (path_fd < 0)
                return path_fd;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        static_assert(sizeof(address.sun_path) >= FD_PATH_MAX, "a descriptor's name fits");
        (void) fd_path(path_fd, address.sun_path);
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        return TAKE_FD(fd);
}

static bool is_absence(int error) {
        return error == -ENOENT || error == -ENOTDIR || error == -ECONNREFUSED;
}

static int start_bus(int fd, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                (void) close(fd);
                return r;
        }

        r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, true);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, CALL_USEC);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(bus);
        return 0;
}

int guest_bus_open(Job *job, sd_bus **ret) {
        int r, fd;

        assert(job);
        assert(job->n_fds > 0);
        assert(ret);

        if (job->n_fds > 1) {
                r = worker_become_root(job->fds[1]);
                if (r < 0)
                        return job_fail(job, r, "Cannot become root of its user namespace: %s",
                                        error_text(r));
        }

        fd = connect_beneath(job->fds[0]);
        if (is_absence(fd))
                return job_fail(job, -ENOENT, "There is no system bus in container");
        if (fd < 0)
                return job_fail(job, fd, "Cannot connect to its system bus: %s", error_text(fd));

        r = start_bus(fd, ret);
        return r < 0 ? job_fail(job, r, "Cannot connect to its system bus: %s", error_text(r)) : 0;
}

int guest_bus_new_call(sd_bus *bus, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(bus, ret, "org.freedesktop.systemd1",
                                              "/org/freedesktop/systemd1",
                                              "org.freedesktop.systemd1.Manager", method);
}

int guest_bus_call_systemd(Job *job, sd_bus_message *msg, sd_bus_error *reterr) {
        int r;

        r = sd_bus_call(NULL, msg, CALL_USEC, reterr, NULL);
        if (r >= 0)
                return 0;

        return job_fail(job, r, "%s", reterr->message ?: error_text(r));
}
