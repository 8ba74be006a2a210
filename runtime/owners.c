/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/kernel/mount.h"
#include "lib/kernel/userns.h"
#include "runtime/owners.h"

static int map(int mount_fd, IdRange uids, IdRange gids, bool recursive) {
        IdMap uid_map = { .ranges = &uids, .n_ranges = 1 };
        IdMap gid_map = { .ranges = &gids, .n_ranges = 1 };
        _cleanup_close_ int fd = -EBADF;

        fd = userns_new(&uid_map, &gid_map);
        if (fd < 0)
                return fd;

        return mount_set_idmap(mount_fd, fd, recursive);
}

int owners_map_range(const Run *run, int mount_fd, uint32_t first) {
        IdRange range = { .inside = first, .count = run->range->count, .outside = run->range->base };

        return map(mount_fd, range, range, true);
}

int owners_map_user(const Run *run, const HostUser *user) {
        IdRange uids = { .inside = user->uid, .outside = run->range->base + user->inside_uid, .count = 1 };
        IdRange gids = { .inside = user->gid, .outside = run->range->base + user->inside_gid, .count = 1 };

        return map(user->home_fd, uids, gids, true);
}

static bool has(const UidRange *range, uint32_t id) {
        return id >= range->base && id - range->base < range->count;
}

int owners_map_bind(const Run *run, const SpecMount *mount, int mount_fd, const struct stat *target) {
        IdRange uids = { .outside = run->range->base, .count = 1 };
        IdRange gids = { .outside = run->range->base, .count = 1 };
        struct stat st;

        assert(mount->owners != BIND_OWNER_OF_TARGET || target);

        if (mount->owners == BIND_OWNERS_SAME) {
                uids.count = gids.count = run->range->count;
                return map(mount_fd, uids, gids, mount->recursive);
        }

        if (fstat(mount_fd, &st) < 0)
                return -errno;

        uids.inside = st.st_uid;
        gids.inside = st.st_gid;

        if (mount->owners == BIND_OWNER_OF_TARGET) {
                if (!has(run->range, target->st_uid) || !has(run->range, target->st_gid))
                        return -ERANGE;

                uids.outside = target->st_uid;
                gids.outside = target->st_gid;
        }

        return map(mount_fd, uids, gids, mount->recursive);
}
