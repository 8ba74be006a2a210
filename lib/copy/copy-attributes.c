/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <endian.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <sys/xattr.h>

#include "lib/copy/copy-attributes.h"
#include "lib/base/file.h"

#define ACL_ACCESS XATTR_NAME_POSIX_ACL_ACCESS
#define ACL_DEFAULT XATTR_NAME_POSIX_ACL_DEFAULT

/* Of an ACL that is looked into: with more, the group is taken to have no rights. */
#define ACL_ENTRIES_MAX 64

/* Name with its NUL and value follow, both unaligned. */
typedef struct Record {
        uint32_t name_size;
        uint32_t value_size;
} Record;

static bool is_copied(const char *name, bool disowns) {
        if (startswith(name, XATTR_USER_PREFIX))
                return true;

        return !disowns &&
                (streq(name, ACL_ACCESS) || streq(name, ACL_DEFAULT) || streq(name, XATTR_NAME_CAPS));
}

static int add_record(CopyAttributes *a, const char *name, const void *value, size_t value_size) {
        Record record = { .name_size = (uint32_t) strlen(name) + 1, .value_size = (uint32_t) value_size };
        size_t size = sizeof(record) + record.name_size + value_size;
        char *grown, *p;

        if (a->xattrs_size + size > COPY_XATTRS_MAX)
                return -E2BIG;

        grown = realloc(a->xattrs, a->xattrs_size + size);
        if (!grown)
                return -ENOMEM;

        a->xattrs = grown;
        p = mempcpy(grown + a->xattrs_size, &record, sizeof(record));
        p = mempcpy(p, name, record.name_size);
        (void) mempcpy(p, value, value_size);
        a->xattrs_size += size;
        return 0;
}

static int read_xattrs(const char *path, bool disowns, CopyAttributes *a) {
        _cleanup_free_ char *names = NULL, *value = NULL;
        ssize_t size, value_size;
        int r;

        size = listxattr(path, NULL, 0);
        if (size == 0 || (size < 0 && errno == EOPNOTSUPP))
                return 0;
        if (size < 0)
                return -errno;

        names = malloc(XATTR_LIST_MAX);
        value = malloc(XATTR_SIZE_MAX);
        if (!names || !value)
                return -ENOMEM;

        size = listxattr(path, names, XATTR_LIST_MAX);
        if (size < 0)
                return -errno;

        for (const char *name = names; name < names + size; name += strlen(name) + 1) {
                if (!is_copied(name, disowns))
                        continue;

                value_size = getxattr(path, name, value, XATTR_SIZE_MAX);
                if (value_size < 0 && errno == ENODATA) /* gone since it was listed */
                        continue;
                if (value_size < 0)
                        return -errno;

                r = add_record(a, name, value, (size_t) value_size);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* With an ACL, the mode's bits of the group are those of the ACL's mask: what the
 * group itself may is among the entries, and can be less. */
static mode_t group_bits(const char *path, mode_t mode) {
        struct {
                struct posix_acl_xattr_header header;
                struct posix_acl_xattr_entry entries[ACL_ENTRIES_MAX];
        } acl;
        ssize_t size;

        size = getxattr(path, ACL_ACCESS, &acl, sizeof(acl));
        if (size < 0)
                return errno == ERANGE ? mode & ~(mode_t) S_IRWXG : mode;

        for (size_t i = 0; sizeof(acl.header) + (i + 1) * sizeof(*acl.entries) <= (size_t) size; i++)
                if (le16toh(acl.entries[i].e_tag) == ACL_GROUP_OBJ)
                        mode &= ~(mode_t) S_IRWXG | ((mode_t) (le16toh(acl.entries[i].e_perm) & 07) << 3);

        return mode;
}

int copy_attributes_read(int fd, bool disowns, CopyAttributes *ret) {
        CopyAttributes a = {};
        char path[FD_PATH_MAX];
        int r;

        assert(fd >= 0);
        assert(ret);

        if (fstat(fd, &a.st) < 0)
                return -errno;

        fd_path(fd, path);
        if (disowns) {
                a.st.st_uid = 0;
                a.st.st_gid = 0;
                if (!S_ISDIR(a.st.st_mode)) /* of those it grants nothing */
                        a.st.st_mode &= ~(mode_t) (S_ISUID | S_ISGID);
        }

        if (!S_ISLNK(a.st.st_mode)) {
                if (disowns)
                        a.st.st_mode = group_bits(path, a.st.st_mode);

                r = read_xattrs(path, disowns, &a);
                if (r < 0) {
                        copy_attributes_done(&a);
                        return r;
                }
        }

        *ret = a;
        return 0;
}

static int apply_xattrs(const char *path, const CopyAttributes *a) {
        const char *p = a->xattrs, *end;
        Record record;

        if (a->xattrs_size == 0)
                return 0;

        end = p + a->xattrs_size;
        while ((size_t) (end - p) >= sizeof(record)) {
                memcpy(&record, p, sizeof(record));
                p += sizeof(record);
                if ((size_t) (end - p) < (size_t) record.name_size + record.value_size ||
                    record.name_size == 0 || p[record.name_size - 1] != 0)
                        return -EBADMSG;

                if (setxattr(path, p, p + record.name_size, record.value_size, 0) < 0 && errno != EOPNOTSUPP)
                        return -errno;

                p += record.name_size + record.value_size;
        }

        return 0;
}

/* What it has from its directory's default ACL and the source has not. */
static void remove_inherited(const char *path, mode_t mode) {
        (void) removexattr(path, ACL_ACCESS);
        if (S_ISDIR(mode))
                (void) removexattr(path, ACL_DEFAULT);
}

int copy_attributes_apply(int fd, const CopyAttributes *a) {
        const struct timespec times[2] = { a->st.st_atim, a->st.st_mtim };
        char path[FD_PATH_MAX];
        int r;

        assert(fd >= 0);
        assert(a);

        fd_path(fd, path);

        /* The owner first, as a new one takes set-user-id and capabilities away; an
         * ACL after the mode, which would change it. */
        if (fchownat(fd, "", a->st.st_uid, a->st.st_gid, AT_EMPTY_PATH) < 0)
                return -errno;

        if (!S_ISLNK(a->st.st_mode)) {
                remove_inherited(path, a->st.st_mode);
                if (chmod(path, a->st.st_mode & 07777) < 0)
                        return -errno;

                r = apply_xattrs(path, a);
                if (r < 0)
                        return r;
        }

        if (utimensat(fd, "", times, AT_EMPTY_PATH) < 0)
                return -errno;

        return 0;
}

void copy_attributes_done(CopyAttributes *a) {
        assert(a);

        free(a->xattrs);
        *a = (CopyAttributes) {};
}
