/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/kernel/loopback.h"

int loopback_up(void) {
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        _cleanup_close_ int fd = -EBADF;

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        /* One ioctl where netlink would want a message and its answer. */
        if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
                return -errno;

        return 0;
}
