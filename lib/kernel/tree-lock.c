/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/tree-lock.h"

#define INODE_DIRECTORY "/run/systemd/nspawn/locks"

/* How long who holds it may take to leave, when its guest has ended and a start was faster. */
#define LEAVING_USEC (USEC_PER_SEC / 5)

/* How often its last holder may remove a file between our opening and our locking it. */
#define TRIES_MAX 16

static int lock_file(int fd, short type) {
        struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

        if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
                return errno == EAGAIN || errno == EACCES ? -E_TREE_BUSY : -errno;

        return 0;
}

/* The directory may be a guest's, whose own trees are in it: neither links nor what opening does
 * something to are followed or waited for. */
static int try_file(const char *path, bool shared) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;

        r = lock_file(fd, shared ? F_RDLCK : F_WRLCK);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ELOOP;

        return st.st_nlink == 0 ? -EAGAIN : TAKE_FD(fd);
}

static int take_file(const char *path, bool shared) {
        int r = -EAGAIN;

        for (unsigned i = 0; i < TRIES_MAX && r == -EAGAIN; i++)
                r = try_file(path, shared);

        return r == -EAGAIN ? -E_TREE_BUSY : r;
}

/* Who removes a file that others have locked as well would let a third one make, and lock, another. */
static void drop_file(int *fd, const char *path, bool shared) {
        if (*fd >= 0 && (!shared || lock_file(*fd, F_WRLCK) >= 0))
                (void) unlink(path);

        closep(fd);
        *fd = -EBADF;
}

/* Beside what has no name there is nothing; and some have names that leave no room for ours. */
static int name_beside(const char *path, char **ret) {
        size_t end = strlen(path), start;

        while (end > 0 && path[end - 1] == '/')
                end--;
        for (start = end; start > 0 && path[start - 1] != '/';)
                start--;
        if (start == end || end - start + strlen(".#.lck") > NAME_MAX)
                return 0;

        return text_printf(ret, "%.*s.#%.*s.lck", (int) start, path, (int) (end - start), path + start);
}

static int name_inode(int tree_fd, char **ret) {
        struct stat st;

        if (fstat(tree_fd, &st) < 0)
                return -errno;

        return text_printf(ret, INODE_DIRECTORY "/inode-%lu:%lu", (unsigned long) st.st_dev,
                           (unsigned long) st.st_ino);
}

static int take_beside(TreeLock *lock) {
        int r;

        if (!lock->beside_path)
                return 0;

        r = take_file(lock->beside_path, lock->shared);
        if (r < 0)
                return r == -EROFS ? 0 : r;

        lock->beside_fd = r;
        return 0;
}

static int take_inode(TreeLock *lock) {
        int r;

        r = take_file(lock->inode_path, lock->shared);
        if (r == -ENOENT) {
                r = directory_make(INODE_DIRECTORY, 0700);
                if (r >= 0)
                        r = take_file(lock->inode_path, lock->shared);
        }
        if (r < 0)
                return r;

        lock->inode_fd = r;
        return 0;
}

/* Both, or none; and which one somebody else has. */
static int take_both(TreeLock *lock, const char **ret_busy) {
        int r;

        *ret_busy = lock->beside_path;
        r = take_beside(lock);
        if (r < 0)
                return r;

        *ret_busy = lock->inode_path;
        r = take_inode(lock);
        if (r < 0)
                drop_file(&lock->beside_fd, lock->beside_path, lock->shared);

        return r;
}

/* Who removes a file changes its link count. Not to be had, as there are many watches, is as good as
 * nothing happening. */
static int watch(const char *path) {
        _cleanup_close_ int fd = -EBADF;

        fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (fd < 0 || (inotify_add_watch(fd, path, IN_ATTRIB | IN_DONT_FOLLOW) < 0 && errno != ENOENT))
                return -E_TREE_BUSY;

        return TAKE_FD(fd);
}

/* Returns 1 when something happened, 0 at the deadline. */
static int wait_event(int fd, uint64_t deadline) {
        char buffer[sizeof(struct inotify_event) + NAME_MAX + 1];
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int r;

        r = clock_poll(&p, 1, deadline);
        while (read(fd, buffer, sizeof(buffer)) > 0)
                ;

        return r;
}

/* Its holder may be about to leave. */
static int take_later(TreeLock *lock, const char *busy) {
        uint64_t deadline = clock_now_usec() + LEAVING_USEC;
        _cleanup_close_ int fd = -EBADF;
        int r, waited;

        fd = watch(busy);
        if (fd < 0)
                return fd;

        /* At once, too: it may have gone before we watched. */
        for (waited = 1;; waited = wait_event(fd, deadline)) {
                r = waited < 0 ? waited : take_both(lock, &busy);
                if (r != -E_TREE_BUSY || waited == 0)
                        return r;
        }
}

static int take(TreeLock *lock) {
        const char *busy;
        int r;

        r = take_both(lock, &busy);
        return r == -E_TREE_BUSY ? take_later(lock, busy) : r;
}

int tree_lock_take(const char *path, int tree_fd, bool shared, TreeLock *ret) {
        TreeLock lock = TREE_LOCK_NONE;
        int r;

        assert(path);
        assert(tree_fd >= 0);
        assert(ret);

        lock.shared = shared;
        r = name_beside(path, &lock.beside_path);
        if (r >= 0)
                r = name_inode(tree_fd, &lock.inode_path);
        if (r >= 0)
                r = take(&lock);
        if (r < 0) {
                tree_lock_release(&lock);
                return r;
        }

        *ret = lock;
        return 0;
}

void tree_lock_release(TreeLock *lock) {
        assert(lock);

        drop_file(&lock->beside_fd, lock->beside_path, lock->shared);
        drop_file(&lock->inode_fd, lock->inode_path, lock->shared);
        free(lock->beside_path);
        free(lock->inode_path);
        *lock = TREE_LOCK_NONE;
}

bool tree_lock_is_held(const TreeLock *lock) {
        assert(lock);

        return lock->inode_fd >= 0;
}
