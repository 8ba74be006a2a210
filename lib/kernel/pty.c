/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/pty.h"

/* Of the multiplexer, see Documentation/admin-guide/devices.txt of the kernel. */
#define PTMX_MAJOR 5
#define PTMX_MINOR 2

/* A look first, and only then open it: opening an arbitrary device that the
 * machine put there may do something already. */
static int open_multiplexer(int root_fd, const char *name) {
        _cleanup_close_ int path_fd = -EBADF;
        struct stat st;

        path_fd = beneath_open(root_fd, name, O_PATH, 0);
        if (path_fd < 0)
                return path_fd;

        if (fstat(path_fd, &st) < 0)
                return -errno;
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
                return -ENOTTY;

        return fd_reopen(path_fd, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static int check_peer(int fd) {
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return -errno;

        return fs.f_type == DEVPTS_SUPER_MAGIC && isatty(fd) ? 0 : -ENOTTY;
}

int pty_open_peer(int master) {
        _cleanup_close_ int peer = -EBADF;
        int r;

        assert(master >= 0);

        /* By the master and not by its name: that could be a link by now. */
        peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (peer < 0)
                return -errno;

        r = check_peer(peer);
        return r < 0 ? r : TAKE_FD(peer);
}

static int open_both(int multiplexer, int *ret_master, int *ret_peer, char **ret_name) {
        _cleanup_close_ int master = multiplexer, peer = -EBADF;
        int r, locked = 0;
        unsigned number;

        if (master < 0)
                return master;

        if (ioctl(master, TIOCSPTLCK, &locked) < 0)
                return -errno;
        if (ioctl(master, TIOCGPTN, &number) < 0)
                return -errno;

        if (ret_peer) {
                peer = pty_open_peer(master);
                if (peer < 0)
                        return peer;
        }

        r = text_printf(ret_name, "pts/%u", number);
        if (r < 0)
                return r;

        *ret_master = TAKE_FD(master);
        if (ret_peer)
                *ret_peer = TAKE_FD(peer);
        return 0;
}

int pty_open_beneath(int root_fd, int *ret_master, int *ret_peer, char **ret_name) {
        int master;

        assert(root_fd >= 0);
        assert(ret_master);
        assert(ret_name);

        /* Beside the terminals first: the node in /dev may belong to the devpts
         * of someone else, where it is one of its own and not a link. */
        master = open_multiplexer(root_fd, "dev/pts/ptmx");
        if (master == -ENOENT)
                master = open_multiplexer(root_fd, "dev/ptmx");

        return open_both(master, ret_master, ret_peer, ret_name);
}

int pty_open_at(int dev_fd, int *ret_master, int *ret_peer, char **ret_name) {
        assert(dev_fd >= 0);
        assert(ret_master);
        assert(ret_name);

        return open_both(open_multiplexer(dev_fd, "pts/ptmx"), ret_master, ret_peer, ret_name);
}

int terminal_make_raw(int fd, TerminalSide sides, struct termios *ret_before) {
        struct termios before, raw, mode;

        assert(ret_before);

        if (tcgetattr(fd, &before) < 0)
                return -errno;

        raw = before;
        cfmakeraw(&raw);

        mode = sides & TERMINAL_KEYS ? raw : before;
        mode.c_oflag = sides & TERMINAL_SCREEN ? raw.c_oflag : before.c_oflag;

        if (tcsetattr(fd, TCSANOW, &mode) < 0)
                return -errno;

        *ret_before = before;
        return 0;
}

int terminal_restore(int fd, const struct termios *before) {
        sigset_t set, blocked;
        int r;

        assert(before);

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTTOU);
        (void) sigprocmask(SIG_BLOCK, &set, &blocked);

        r = tcsetattr(fd, TCSANOW, before) < 0 ? -errno : 0;

        (void) sigprocmask(SIG_SETMASK, &blocked, NULL);
        return r;
}

bool terminal_is_foreground(int fd) {
        return tcgetpgrp(fd) == getpgrp();
}

int terminal_copy_size(int from, int to) {
        struct winsize size;

        if (ioctl(from, TIOCGWINSZ, &size) < 0)
                return -errno;
        if (size.ws_row == 0 && size.ws_col == 0)
                return -ENODATA;

        return ioctl(to, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

int terminal_become_controlling(int fd) {
        if (setsid() < 0)
                return -errno;

        return ioctl(fd, TIOCSCTTY, 0) < 0 ? -errno : 0;
}
