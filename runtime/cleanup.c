/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/base/tree.h"
#include "lib/kernel/tree-lock.h"
#include "lib/spec/image.h"
#include "runtime/cleanup.h"
#include "runtime/place.h"

/* TREE.MACHINE.PID or TEMPORARY.MACHINE.PID.RANDOM, of a process that has gone. With more of it, or less,
 * the number is part of the name of another machine. */
static bool is_left(const char *name, const char *machine) {
        const char *rest = startswith(name, CLEANUP_TEMPORARY "."), *tail;
        bool temporary = rest;
        char number[sizeof("2147483647")];
        pid_t pid;

        rest = rest ?: startswith(name, CLEANUP_TREE ".");
        rest = rest ? startswith(rest, machine) : NULL;
        if (!rest || *rest++ != '.')
                return false;

        tail = rest + strcspn(rest, ".");
        if (temporary ? *tail == '\0' || strchr(tail + 1, '.') : *tail != '\0')
                return false;
        if ((size_t) (tail - rest) >= sizeof(number))
                return false;

        (void) snprintf(number, sizeof(number), "%.*s", (int) (tail - rest), rest);
        return parse_pid(number, &pid) >= 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

/* In some of these places anybody may give things such a name. */
static bool is_ours(int fd, const char *name) {
        struct stat st;

        return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_uid == 0;
}

static int clean_directory(const char *path, const char *machine) {
        int n = 0, r = 0;
        DIR *d;

        d = opendir(path);
        if (!d)
                return errno == ENOENT ? 0 : -errno;

        for (struct dirent *e; (e = readdir(d));) {
                _cleanup_free_ char *left = NULL;
                int k;

                if (!is_left(e->d_name, machine) || !is_ours(dirfd(d), e->d_name))
                        continue;

                k = text_printf(&left, "%s/%s", path, e->d_name);
                if (k >= 0)
                        k = tree_remove(left);
                if (k < 0)
                        r = k;
                else
                        n++;
        }

        (void) closedir(d);
        return r < 0 ? r : n;
}

/* Who runs holds it; then there is nothing left. */
static int clean_place(const char *machine) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = place_take(machine);
        if (fd < 0)
                return fd == -E_MACHINE_EXISTS ? 0 : fd;

        r = place_clear(machine, fd);
        place_remove(machine, fd);
        return r;
}

/* Whose files they are that nobody has locked is the same to everyone. Who has not got the lock has nothing
 * to remove. */
static void clean_lock(const char *tree) {
        _cleanup_(tree_lock_release) TreeLock lock = TREE_LOCK_NONE;
        _cleanup_close_ int fd = -EBADF;

        fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
                (void) tree_lock_take(tree, fd, false, &lock);
}

int cleanup_run(const Spec *spec) {
        _cleanup_free_ char *tree = NULL, *place = NULL;
        int beside, temporary, offered, r;

        assert(spec);

        r = spec->directory ? text_printf(&tree, "%s", spec->directory)
                            : image_find_place(spec->machine, &tree);
        if (r >= 0)
                r = text_printf(&place, "%.*s/", (int) (strrchr(tree, '/') - tree), tree);
        if (r < 0)
                return r;

        beside = clean_directory(place, spec->machine);
        temporary = clean_directory(CLEANUP_TEMPORARY_PLACE, spec->machine);
        offered = clean_place(spec->machine);
        if (!spec->unlocked)
                clean_lock(tree);

        r = MIN(beside, temporary);
        r = MIN(r, offered);

        return r < 0 ? r : beside + temporary + offered;
}
