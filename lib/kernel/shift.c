/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "lib/base/fault.h"
#include "lib/base/file.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/shift.h"

/* Two descriptors each, of the 1024 that one has at least. No tree that people make is half as deep. */
#define DEPTH_MAX 400

#define ACL_ENTRIES_MAX 1024

/* What chown() takes away from a program is noted on it until it has it again. */
#define KEEPSAKE "trusted.berth.shift"

#define SPECIAL_BITS (S_ISUID | S_ISGID)

typedef struct Keepsake {
        uint32_t mode;
        uint32_t has_caps;
        struct vfs_ns_cap_data caps;
} Keepsake;

typedef struct Acl {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[ACL_ENTRIES_MAX];
} Acl;

static uint32_t translate(uint32_t id, uint32_t base) {
        return base | (id & (SHIFT_BLOCK - 1));
}

static bool is_absent(int error) {
        return error == ENODATA || error == EOPNOTSUPP;
}

static int shift_acl(const char *path, const char *name, uint32_t base) {
        ssize_t size;
        Acl acl;

        size = getxattr(path, name, &acl, sizeof(acl));
        if (size < 0)
                return is_absent(errno) ? 0 : -errno;
        if ((size_t) size < sizeof(acl.header) ||
            ((size_t) size - sizeof(acl.header)) % sizeof(acl.entries[0]) != 0)
                return -EBADMSG;

        for (size_t i = 0; i < ((size_t) size - sizeof(acl.header)) / sizeof(acl.entries[0]); i++) {
                struct posix_acl_xattr_entry *e = &acl.entries[i];

                if (le16toh(e->e_tag) == ACL_USER || le16toh(e->e_tag) == ACL_GROUP)
                        e->e_id = htole32(translate(le32toh(e->e_id), base));
        }

        return setxattr(path, name, &acl, (size_t) size, 0) < 0 ? -errno : 0;
}

/* Capabilities are a program's for the users of one root: that is the block's now. */
static int read_caps(const char *path, uint32_t base, Keepsake *k) {
        ssize_t size;

        size = getxattr(path, XATTR_NAME_CAPS, &k->caps, sizeof(k->caps));
        if (size < 0)
                return is_absent(errno) ? 0 : -errno;

        switch (le32toh(k->caps.magic_etc) & VFS_CAP_REVISION_MASK) {
        case VFS_CAP_REVISION_2:
                k->caps.rootid = 0;
                break;

        case VFS_CAP_REVISION_3:
                break;

        default:
                return -EBADMSG;
        }

        k->caps.magic_etc = htole32((le32toh(k->caps.magic_etc) & VFS_CAP_FLAGS_MASK) | VFS_CAP_REVISION_3);
        k->caps.rootid = htole32(translate(le32toh(k->caps.rootid), base));
        k->has_caps = true;
        return 0;
}

static int remember(const char *path, const struct stat *st, uint32_t base, Keepsake *ret) {
        Keepsake k = { .mode = st->st_mode & ALLPERMS };
        int r;

        r = read_caps(path, base, &k);
        if (r < 0)
                return r;

        /* Where it cannot be noted, an interruption costs the program its privileges. */
        if ((k.has_caps || (k.mode & SPECIAL_BITS)) &&
            setxattr(path, KEEPSAKE, &k, sizeof(k), 0) < 0 && errno != EOPNOTSUPP)
                return -errno;

        *ret = k;
        return 0;
}

static int restore(const char *path, const Keepsake *k) {
        if (k->has_caps && setxattr(path, XATTR_NAME_CAPS, &k->caps, sizeof(k->caps), 0) < 0)
                return -errno;
        if ((k->mode & SPECIAL_BITS) && chmod(path, k->mode & ALLPERMS) < 0)
                return -errno;
        if (removexattr(path, KEEPSAKE) < 0 && !is_absent(errno))
                return -errno;

        return 0;
}

static int chown_it(int fd, const struct stat *st, uint32_t base, const char *name) {
        uid_t uid = translate(st->st_uid, base);
        gid_t gid = translate(st->st_gid, base);
        int r;

        r = fault_point("chown", name);
        if (r < 0)
                return r;
        if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;

        return fault_point("chowned", name);
}

static int shift_file(int fd, const char *path, const struct stat *st, uint32_t base, const char *name) {
        Keepsake k = {};
        int r;

        r = remember(path, st, base, &k);
        if (r < 0)
                return r;

        r = chown_it(fd, st, base, name);
        if (r < 0)
                return r;

        return k.has_caps || (k.mode & SPECIAL_BITS) ? restore(path, &k) : 0;
}

/* One that a run before us had given away already, but not its privileges back. */
static int finish_file(const char *path, uint32_t base) {
        Keepsake k;

        if (getxattr(path, KEEPSAKE, &k, sizeof(k)) != sizeof(k))
                return 0;

        /* Whoever made the image may have put it there. */
        k.caps.rootid = htole32(translate(le32toh(k.caps.rootid), base));
        return restore(path, &k);
}

static int shift_one(int fd, uint32_t base, const char *name, struct stat *ret) {
        char path[FD_PATH_MAX];
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;

        *ret = st;
        (void) fd_path(fd, path);
        if (S_ISLNK(st.st_mode))
                return chown_it(fd, &st, base, name);

        r = shift_acl(path, XATTR_NAME_POSIX_ACL_ACCESS, base);
        if (r >= 0 && S_ISDIR(st.st_mode))
                r = shift_acl(path, XATTR_NAME_POSIX_ACL_DEFAULT, base);
        if (r < 0)
                return r;

        if (st.st_uid == translate(st.st_uid, base) && st.st_gid == translate(st.st_gid, base))
                return finish_file(path, base);

        return shift_file(fd, path, &st, base, name);
}

static int shift_below(int directory_fd, uint32_t base, unsigned depth);

static int shift_entry(int directory_fd, const char *name, uint32_t base, unsigned depth) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = openat(directory_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (mount_is_root(fd))
                return 0; /* not the tree's own */

        r = shift_one(fd, base, name, &st);
        if (r < 0 || !S_ISDIR(st.st_mode))
                return r;

        return shift_below(fd, base, depth + 1);
}

static void closedirp(DIR **directory) {
        if (*directory)
                (void) closedir(*directory);
}

static int shift_below(int directory_fd, uint32_t base, unsigned depth) {
        _cleanup_(closedirp) DIR *directory = NULL;
        int fd, r;

        if (depth > DEPTH_MAX)
                return -ELOOP;

        fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        directory = fdopendir(fd);
        if (!directory) {
                r = -errno;
                (void) close(fd);
                return r;
        }

        for (;;) {
                const struct dirent *entry;

                errno = 0;
                entry = readdir(directory);
                if (!entry)
                        return -errno;
                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;

                r = shift_entry(fd, entry->d_name, base, depth);
                if (r < 0)
                        return r;
        }
}

/* In this order on the disk as well, whatever happens to the power. */
static int flush(int root_fd) {
        _cleanup_close_ int fd = -EBADF;

        fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        return syncfs(fd) < 0 ? -errno : 0;
}

static int mark(int root_fd, const struct stat *st) {
        uid_t uid = translate(st->st_uid, SHIFT_BUSY);
        gid_t gid = translate(st->st_gid, SHIFT_BUSY);

        if (fchownat(root_fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                return -errno;

        return flush(root_fd);
}

int shift_tree(int root_fd, uint32_t base) {
        struct stat st;
        int r;

        assert(root_fd >= 0);
        assert(base % SHIFT_BLOCK == 0);

        if (fstat(root_fd, &st) < 0)
                return -errno;
        if (st.st_uid == translate(st.st_uid, base) && st.st_gid == translate(st.st_gid, base))
                return 0;

        r = mark(root_fd, &st);
        if (r >= 0)
                r = shift_below(root_fd, base, 0);
        if (r >= 0)
                r = flush(root_fd);
        if (r >= 0)
                r = shift_one(root_fd, base, "/", &st);

        return r < 0 ? r : 1;
}
