/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages to the supervisor, see sd_notify(3). */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/probe/probe.h"

static int notify_open(struct sockaddr_un *address) {
        const char *path = getenv("NOTIFY_SOCKET");

        if (!path) {
                errno = ENXIO;
                return -1;
        }

        *address = (struct sockaddr_un) { .sun_family = AF_UNIX };
        (void) snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
        return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

int notify(const void *data, size_t size, int pass_fd) {
        union {
                struct cmsghdr header;
                char buffer[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct sockaddr_un address;
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr header = {
                .msg_name = &address,
                .msg_namelen = sizeof(address),
                .msg_iov = &iov,
                .msg_iovlen = 1,
        };
        int fd, r = 0;

        fd = notify_open(&address);
        if (fd < 0)
                return fail("notify");

        if (pass_fd >= 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(&control.header), &pass_fd, sizeof(int));
                header.msg_control = &control;
                header.msg_controllen = sizeof(control.buffer);
        }

        if (sendmsg(fd, &header, 0) < 0)
                r = fail("notify");

        (void) close(fd);
        return r;
}

static int do_notify(char **args) {
        return notify(args[0], strlen(args[0]), -1);
}

/* All that a supervisor must survive. */
static int do_notify_junk(char **args) {
        static char large[64 * 1024];
        int r;

        (void) args;

        memset(large, 'A', sizeof(large));
        memcpy(large, "READY=1\n", 8);

        r = notify("", 0, -1);
        if (r == 0)
                r = notify("\0READY=1\n", 9, -1);
        if (r == 0)
                r = notify("=\n==\nREADY\nREADY=\nREADY=2\n\n\n", 29, -1);
        if (r == 0)
                r = notify("STATUS=\033[2Jevil\377", 16, -1);
        if (r == 0)
                r = notify(large, sizeof(large), -1);
        for (unsigned i = 0; i < 64 && r == 0; i++)
                r = notify("FDSTORE=1", 9, STDOUT_FILENO);

        return r;
}

/* Sends from a process that is not PID 1. */
static int do_notify_child(char **args) {
        int status;
        pid_t pid;

        (void) fflush(stdout);
        pid = fork();
        if (pid < 0)
                return fail("fork");
        if (pid == 0)
                _exit(notify(args[0], strlen(args[0]), -1));
        if (waitpid(pid, &status, 0) < 0)
                return fail("waitpid");

        return status;
}

const Command notify_commands[] = {
        { "notify", 1, do_notify },
        { "notify-child", 1, do_notify_child },
        { "notify-junk", 0, do_notify_junk },
        {}
};
