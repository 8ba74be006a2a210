/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "lib/kernel/peer.h"
#include "lib/kernel/process.h"

/* asm-generic/socket.h of Linux 6.5, which Debian 12's headers do not have. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Before Linux 6.5 the number is all there is, and it may be another's by now: of
 * those who changed hands meanwhile, the owner tells most. */
static int open_by_number(const Peer *peer) {
        _cleanup_close_ int fd = -EBADF;
        uid_t owner;
        int r;

        if (peer->pid <= 0)
                return -ESRCH;

        fd = process_open(peer->pid);
        if (fd < 0)
                return fd;

        r = process_owner(fd, &owner);
        if (r < 0)
                return r;

        return owner == peer->uid ? TAKE_FD(fd) : -ESRCH;
}

static int open_pidfd(int fd, const Peer *peer) {
        socklen_t size = sizeof(int);
        int pidfd = -EBADF;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) >= 0)
                return pidfd;

        return errno == ENOPROTOOPT ? open_by_number(peer) : -errno;
}

int peer_read(int fd, Peer *ret) {
        socklen_t size = sizeof(struct ucred);
        struct ucred creds;
        Peer peer;

        assert(ret);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
                return -errno;

        peer = (Peer) { .uid = creds.uid, .gid = creds.gid, .pid = creds.pid, .pidfd = -EBADF };
        peer.pidfd = open_pidfd(fd, &peer);
        if (peer.pidfd < 0)
                peer.pidfd = -EBADF;

        *ret = peer;
        return 0;
}

void peer_done(Peer *peer) {
        closep(&peer->pidfd);
        peer->pidfd = -EBADF;
}
