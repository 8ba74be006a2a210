/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/siphash.h"
#include "lib/base/text.h"
#include "lib/kernel/uid-range.h"

#define LOCK_DIRECTORY "/run/systemd/nspawn-uid"

/* Each byte stands for the id of its number; nothing is ever written to it. */
#define POOL_DIRECTORY "/run/berth"
#define POOL_FILE POOL_DIRECTORY "/uid-ranges"

#define TRIES_MAX 100

/* That of systemd-nspawn: a tree that it has shifted keeps its range with us. */
static const uint8_t name_key[16] = {
        0xe1, 0x56, 0xe0, 0xf0, 0x4a, 0xf0, 0x41, 0xaf, 0x96, 0x41, 0xcf, 0x41, 0x33, 0x94, 0xff, 0x72
};

static uint32_t block_of(uint32_t number) {
        return (number % (UID_POOL_MAX - UID_POOL_MIN) + UID_POOL_MIN) & ~(UID_BLOCK - 1);
}

uint32_t uid_range_by_name(const char *machine) {
        assert(machine);

        return block_of((uint32_t) siphash24(machine, strlen(machine), name_key));
}

static int lock_ids(int fd, short type, uint32_t base, uint32_t count) {
        struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = base, .l_len = count };

        if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
                return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;

        return 0;
}

static int open_pool(void) {
        int r;

        r = directory_make(POOL_DIRECTORY, 0755);
        if (r < 0)
                return r;

        r = open(POOL_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        return r < 0 ? -errno : r;
}

static int lock_in_pool(UidRange *range, short type) {
        range->pool_fd = open_pool();
        if (range->pool_fd < 0)
                return range->pool_fd;

        return lock_ids(range->pool_fd, type, range->base, range->count);
}

/* Of both kinds, as nspawn's versions differ in which they look at. */
static int lock_file(int fd) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (fcntl(fd, F_OFD_SETLK, &lock) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;

        return 0;
}

static int lock_as_nspawn(UidRange *range) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        r = directory_make(LOCK_DIRECTORY, 0755);
        if (r < 0)
                return r;

        r = text_printf(&range->lock_path, LOCK_DIRECTORY "/%u", range->base);
        if (r < 0)
                return r;

        fd = open(range->lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;

        r = lock_file(fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_nlink == 0)
                return -EBUSY; /* its owner was about to remove it */

        range->lock_fd = TAKE_FD(fd);
        return 0;
}

/* While it reboots, a machine's users are known by their number and its name. */
static bool is_machine_s(const char *entry, const char *machine) {
        const char *rest = startswith(entry, "vu-") ?: startswith(entry, "vg-");

        rest = rest ? startswith(rest, machine) : NULL;
        return rest && *rest == '-';
}

static bool is_known(uint32_t id, const char *machine) {
        const struct passwd *user = getpwuid(id);
        const struct group *group;

        if (user && !is_machine_s(user->pw_name, machine))
                return true;

        group = getgrgid(id);
        return group && !is_machine_s(group->gr_name, machine);
}

static int try_block(const char *machine, uint32_t base, UidRange *ret) {
        UidRange range = UID_RANGE_NONE;
        int r;

        if (base < UID_POOL_MIN || base > UID_POOL_MAX || base % UID_BLOCK != 0)
                return -EBUSY;

        range.base = base;
        range.count = UID_BLOCK;

        r = lock_in_pool(&range, F_WRLCK);
        if (r >= 0)
                r = lock_as_nspawn(&range);
        if (r >= 0 && (is_known(base, machine) || is_known(base + UID_BLOCK - 2, machine)))
                r = -EBUSY;
        if (r < 0) {
                uid_range_release(&range);
                return r;
        }

        *ret = range;
        return 0;
}

int uid_range_pick(const char *machine, uint32_t preferred, UidRange *ret) {
        int r;

        assert(machine);
        assert(ret);

        r = try_block(machine, preferred, ret);
        if (r == -EBUSY)
                r = try_block(machine, uid_range_by_name(machine), ret);

        for (unsigned i = 2; r == -EBUSY && i < TRIES_MAX; i++) {
                uint32_t number;

                if (getrandom(&number, sizeof(number), 0) != sizeof(number))
                        return -errno;

                r = try_block(machine, block_of(number), ret);
        }

        return r;
}

int uid_range_hold(const IdRange *blocks, size_t n_blocks, UidRange *ret) {
        UidRange range = UID_RANGE_NONE;
        int r;

        assert(n_blocks > 0);
        assert(ret);

        range.base = blocks[0].outside;
        range.count = blocks[0].count;

        r = lock_in_pool(&range, F_WRLCK);
        for (size_t i = 1; r >= 0 && i < n_blocks; i++)
                r = lock_ids(range.pool_fd, F_WRLCK, blocks[i].outside, blocks[i].count);
        if (r >= 0)
                r = lock_as_nspawn(&range);
        if (r < 0) {
                uid_range_release(&range);
                return r;
        }

        *ret = range;
        return 0;
}

/* Returns 1 if somebody else has a lock of any kind, and which. */
static int find_lock(int pool_fd, uint32_t base, uint32_t count, struct flock *ret) {
        *ret = (struct flock) { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = base, .l_len = count };

        if (fcntl(pool_fd, F_OFD_GETLK, ret) < 0)
                return -errno;

        return ret->l_type != F_UNLCK;
}

int uid_range_is_held(uint32_t base, uint32_t count) {
        _cleanup_close_ int fd = -EBADF;
        struct flock lock;

        fd = open_pool();
        if (fd < 0)
                return fd;

        return find_lock(fd, base, count, &lock);
}

/* Read locks suffer each other: those who share must mean the same. */
static int check_sharers(const UidRange *range) {
        struct flock lock;
        int r;

        r = find_lock(range->pool_fd, range->base, range->count, &lock);
        if (r <= 0)
                return r;

        return lock.l_start == range->base && lock.l_len == range->count ? 0 : -EBUSY;
}

int uid_range_take(uint32_t base, uint32_t count, UidRange *ret) {
        UidRange range = UID_RANGE_NONE;
        int r;

        assert(count > 0);
        assert(ret);

        range.base = base;
        range.count = count;

        r = lock_in_pool(&range, F_RDLCK);
        if (r >= 0)
                r = check_sharers(&range);
        if (r < 0) {
                uid_range_release(&range);
                return r;
        }

        *ret = range;
        return 0;
}

/* Whoever removes the file without having it locked may remove someone else's. */
void uid_range_release(UidRange *range) {
        assert(range);

        if (range->lock_fd >= 0)
                (void) unlink(range->lock_path);
        closep(&range->lock_fd);
        closep(&range->pool_fd);
        closep(&range->users_fd);
        free(range->lock_path);
        *range = UID_RANGE_NONE;
}
