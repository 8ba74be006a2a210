/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files, mounts and devices: what is there, and whether it can be changed. */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/probe/probe.h"

static int do_cat(char **args) {
        return cat(args[0]);
}

static int do_stat(char **args) {
        struct stat st;

        if (lstat(args[0], &st) < 0)
                return fail(args[0]);

        printf("%s %06o %u:%u\n", args[0], st.st_mode, major(st.st_rdev), minor(st.st_rdev));
        return 0;
}

static int do_owner(char **args) {
        struct stat st;

        if (lstat(args[0], &st) < 0)
                return fail(args[0]);

        printf("%s %u:%u\n", args[0], st.st_uid, st.st_gid);
        return 0;
}

static int do_readlink(char **args) {
        char target[PATH_MAX];
        ssize_t n;

        n = readlink(args[0], target, sizeof(target) - 1);
        if (n < 0)
                return fail(args[0]);

        printf("%s -> %.*s\n", args[0], (int) n, target);
        return 0;
}

static int do_list(char **args) {
        struct dirent *e;
        DIR *d;

        d = opendir(args[0]);
        if (!d)
                return fail(args[0]);

        while ((e = readdir(d)))
                if (e->d_name[0] != '.')
                        (void) puts(e->d_name);

        (void) closedir(d);
        return 0;
}

/* Writes a word to a file that is there. */
static int do_write(char **args) {
        int fd;

        fd = open(args[0], O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return fail(args[0]);
        if (write(fd, args[1], strlen(args[1])) < 0)
                return fail(args[0]);

        (void) close(fd);
        printf("%s: written\n", args[0]);
        return 0;
}

static int do_create(char **args) {
        int fd;

        fd = open(args[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0)
                return fail(args[0]);

        (void) close(fd);
        printf("%s: created\n", args[0]);
        return 0;
}

static int do_chown(char **args) {
        unsigned id = (unsigned) number(args[1]);

        if (lchown(args[0], id, id) < 0)
                return fail(args[0]);

        printf("%s: given away\n", args[0]);
        return 0;
}

/* What a guest may try to get at what lies below a mount, or may not be written to. All
 * else about it stays as it is: taking that away is another thing that may be refused. */
static int do_remount(char **args) {
        unsigned long flags = MS_REMOUNT | MS_BIND;
        struct statvfs sv;

        if (statvfs(args[0], &sv) < 0)
                return fail(args[0]);

        flags |= sv.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC); /* the same bits */
        flags |= sv.f_flag & ST_RELATIME ? MS_RELATIME : 0;
        if (mount(NULL, args[0], NULL, flags, NULL) < 0)
                return fail(args[0]);

        printf("%s: writable\n", args[0]);
        return 0;
}

static int do_umount(char **args) {
        if (umount2(args[0], MNT_DETACH) < 0)
                return fail(args[0]);

        printf("%s: unmounted\n", args[0]);
        return 0;
}

static int make_node(char **args, mode_t type) {
        dev_t device = makedev((unsigned) number(args[1]), (unsigned) number(args[2]));

        if (mknod(args[0], type | 0600, device) < 0)
                return fail(args[0]);

        printf("%s: made\n", args[0]);
        return 0;
}

static int do_mknod(char **args) {
        return make_node(args, S_IFCHR);
}

static int do_mknod_block(char **args) {
        return make_node(args, S_IFBLK);
}

/* A device, or whatever it is: whether it opens for reading and writing. */
static int do_open(char **args) {
        int fd;

        fd = open(args[0], O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return fail(args[0]);

        (void) close(fd);
        printf("%s: open\n", args[0]);
        return 0;
}

/* Only the first time: what a machine that reboots goes on with. */
static int do_once(char **args) {
        int fd;

        fd = open(args[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0)
                exit(0);

        (void) close(fd);
        return 0;
}

const Command files_commands[] = {
        { "cat", 1, do_cat },
        { "chown", 2, do_chown },
        { "create", 1, do_create },
        { "list", 1, do_list },
        { "mknod", 3, do_mknod },
        { "mknod-block", 3, do_mknod_block },
        { "once", 1, do_once },
        { "open", 1, do_open },
        { "owner", 1, do_owner },
        { "readlink", 1, do_readlink },
        { "remount", 1, do_remount },
        { "stat", 1, do_stat },
        { "umount", 1, do_umount },
        { "write", 2, do_write },
        {}
};
