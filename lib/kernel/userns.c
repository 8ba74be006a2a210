/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/clone.h"
#include "lib/kernel/process.h"
#include "lib/kernel/userns.h"

bool userns_is_available(void) {
        _cleanup_free_ char *most = NULL;

        if (access("/proc/self/ns/user", F_OK) < 0)
                return false;

        return file_read("/proc/sys/user/max_user_namespaces", 64, &most) < 0 || strtoul(most, NULL, 10) > 0;
}

/* In one write(), as the kernel wants it. */
static int write_map(pid_t pid, const char *name, const IdMap *map) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        FILE *f;
        int r;

        r = text_printf(&path, "/proc/%i/%s", (int) pid, name);
        if (r < 0)
                return r;

        f = open_memstream(&text, &size);
        if (!f)
                return -errno;

        for (size_t i = 0; i < map->n_ranges; i++) {
                const IdRange *range = &map->ranges[i];

                (void) fprintf(f, "%u %u %u\n", range->inside, range->outside, range->count);
        }
        if (fclose(f) != 0)
                return -ENOMEM;

        return file_write(path, text);
}

int userns_write_maps(pid_t pid, const IdMap *uids, const IdMap *gids) {
        int r;

        assert(pid > 0);
        assert(uids);
        assert(gids);

        r = write_map(pid, "gid_map", gids);
        if (r < 0)
                return r;

        return write_map(pid, "uid_map", uids);
}

/* Stays until it is killed, or we are. */
static _Noreturn void hold_namespace(void) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;)
                (void) pause();
}

int userns_new_mapped(UsersMapper map, void *userdata) {
        _cleanup_close_ int pidfd = -EBADF, fd = -EBADF;
        siginfo_t si;
        pid_t pid;
        int r;

        assert(map);

        pid = process_clone(CLONE_NEWUSER, -EBADF, &pidfd);
        if (pid < 0)
                return pid;
        if (pid == 0)
                hold_namespace();

        r = fd = process_open_namespace(pidfd, "user");
        if (r >= 0)
                r = map(pid, fd, userdata);

        (void) process_signal(pidfd, SIGKILL);
        while (waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED) < 0 && errno == EINTR)
                ;

        return r < 0 ? r : TAKE_FD(fd);
}

typedef struct Maps {
        const IdMap *uids, *gids;
} Maps;

static int write_maps(pid_t pid, int users_fd, void *userdata) {
        const Maps *maps = userdata;

        (void) users_fd;
        return userns_write_maps(pid, maps->uids, maps->gids);
}

int userns_new(const IdMap *uids, const IdMap *gids) {
        Maps maps = { .uids = uids, .gids = gids };

        assert(uids);
        assert(gids);

        return userns_new_mapped(write_maps, &maps);
}

int userns_enter(int users_fd) {
        return setns(users_fd, CLONE_NEWUSER) < 0 ? -errno : 0;
}

int userns_become_root(void) {
        if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return -errno;

        return 0;
}
