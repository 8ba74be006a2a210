/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/kernel/process.h"
#include "runtime/shutdown.h"

/* What sysvinit reads, see initctl(5) and its initreq.h. */
typedef struct InitRequest {
        int32_t magic;
        int32_t command;
        int32_t runlevel;
        int32_t sleep_time;     /* between SIGTERM and SIGKILL; 0 for its own idea of it */
        char data[368];
} InitRequest;

#define INIT_REQUEST_MAGIC 0x03091969
#define INIT_REQUEST_RUNLEVEL 1

static const char *const fifo_table[] = { "/run/initctl", "/dev/initctl" };

/* It shall be root's of the guest: to others, such as the host's own bound into a guest with users of
 * its own, we are not to be led. Without a reader it does not open. */
static int open_fifo(int root_fd, const char *path, uid_t owner) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = beneath_open(root_fd, path, O_PATH, 0);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISFIFO(st.st_mode) || st.st_uid != owner)
                return -ENXIO;

        return fd_reopen(fd, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

/* Runlevel 0 is to halt, which Debian's scripts take for to power off. A guest that keeps us here
 * keeps nobody but itself from being asked. */
static int ask_sysvinit(const Run *run) {
        const InitRequest request = {
                .magic = INIT_REQUEST_MAGIC,
                .command = INIT_REQUEST_RUNLEVEL,
                .runlevel = '0',
        };
        _cleanup_close_ int root_fd = -EBADF, fd = -EBADF;
        uid_t owner;
        int r;

        r = process_owner(run->leader_pidfd, &owner);
        if (r < 0)
                return r;

        root_fd = process_open_root(run->leader_pidfd);
        if (root_fd < 0)
                return root_fd;

        for (size_t i = 0; i < ELEMENTSOF(fifo_table) && fd < 0; i++)
                fd = open_fifo(root_fd, fifo_table[i], owner);
        if (fd < 0)
                return fd;

        return fd_write_all(fd, &request, sizeof(request));
}

int shutdown_request(const Run *run) {
        ProcessSignals signals;
        int signo, r;

        assert(run);

        signo = spec_kill_signal(run->spec);
        if (run->spec->mode != START_BOOT || run->spec->kill_signal > 0)
                return process_signal(run->leader_pidfd, signo);

        r = process_signals(run->leader_pidfd, &signals);
        if (r < 0)
                return r;

        r = process_shutdown_signal(&signals);
        if (r == SIGPWR && ask_sysvinit(run) >= 0)
                return 0;
        if (r > 0)
                return process_signal(run->leader_pidfd, r);

        /* What busybox's waits for by sigtimedwait() is in no mask meanwhile. To a first process, what
         * it does not wait for does nothing; one that is not up yet is asked again when it says so. */
        (void) process_signal(run->leader_pidfd, SIGPWR);
        return process_signal(run->leader_pidfd, signo);
}
